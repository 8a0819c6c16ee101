//! A Redis that answers and does nothing that it is asked.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

/// How much is read at a time: every request of a test fits.
const READ_MAX: usize = 64 << 10;

/// Answers for as long as the test runs.
pub struct RefusingRedis {
    /// Where it listens.
    pub address: SocketAddr,
}

impl RefusingRedis {
    /// One that answers every command with the same line.
    pub fn that_says(line: &'static str) -> Self {
        Self::answering(move |_| line)
    }

    /// One that copies another: whatever might write is refused.
    pub fn of_a_replica() -> Self {
        Self::answering(|command| match command {
            "EVAL" | "EVALSHA" => "-READONLY You can't write against a read only replica.",
            _ => "+OK",
        })
    }

    fn answering(answer: impl Fn(&str) -> &'static str + Clone + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let answer = answer.clone();
                std::thread::spawn(move || serve(stream, &answer));
            }
        });
        Self { address }
    }
}

/// Each command is an array whose first element is its name: `*n`, `$length`, name, and so on.
fn serve(mut stream: TcpStream, answer: &impl Fn(&str) -> &'static str) {
    let mut bytes = vec![0; READ_MAX];
    while let Ok(length @ 1..) = stream.read(&mut bytes) {
        let asked = String::from_utf8_lossy(&bytes[..length]);
        let lines: Vec<&str> = asked.split("\r\n").collect();
        let commands = lines.iter().enumerate().filter(|(_, line)| {
            line.strip_prefix('*')
                .is_some_and(|count| count.parse::<usize>().is_ok())
        });
        for (at, _) in commands {
            let name = lines.get(at + 2).copied().unwrap_or_default().to_uppercase();
            if stream
                .write_all(format!("{}\r\n", answer(&name)).as_bytes())
                .is_err()
            {
                return;
            }
        }
    }
}
