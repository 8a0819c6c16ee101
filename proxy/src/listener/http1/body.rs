//! Reading a request's body whole, in either framing, within its bounds of length and time.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use crate::config::Config;
use crate::message::chunked::{Decoder, Step};
use crate::message::framing::Framing;
use crate::message::patience::Patience;
use crate::message::request::{Malformed, Version};
use crate::reply::Refused;

use super::Http1;

impl Http1 {
    /// The body of the request being served.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        match self.head.framing {
            Framing::None => &[],
            Framing::Length(_) => &self.come[self.head_bytes..self.request_bytes],
            Framing::Chunked => &self.decoded,
        }
    }

    /// Reads the body whole.
    ///
    /// # Errors
    /// When it is too long, too slow or broken.
    pub async fn read_body(&mut self, config: &Config, patience: &mut Patience) -> Result<(), Refused> {
        let read = match self.head.framing {
            Framing::None => {
                self.request_bytes = self.head_bytes;
                Ok(())
            }
            Framing::Length(length) => match usize::try_from(length) {
                Ok(length) if length <= config.body_bytes_max => {
                    self.request_bytes = self.head_bytes + length;
                    self.read_length(config, patience).await
                }
                _ => Err(Refused::BodyTooLong),
            },
            Framing::Chunked => self.read_chunks(config, patience).await,
        };
        self.leftover = read.is_err();
        read
    }

    async fn read_length(&mut self, config: &Config, patience: &mut Patience) -> Result<(), Refused> {
        if self.come.len() >= self.request_bytes {
            return Ok(());
        }
        self.come.reserve(self.request_bytes - self.come.len());
        self.invite_body(config, patience).await?;
        let slow = Instant::now() + config.stall;
        while self.come.len() < self.request_bytes {
            self.read_more(slow, patience).await?;
        }
        Ok(())
    }

    async fn read_chunks(&mut self, config: &Config, patience: &mut Patience) -> Result<(), Refused> {
        self.decoded.clear();
        self.request_bytes = self.head_bytes;
        let mut decoder = Decoder::default();
        let slow = Instant::now() + config.stall;
        if self.come.len() == self.head_bytes {
            self.invite_body(config, patience).await?;
        }
        loop {
            let come = &self.come[self.request_bytes..];
            let (taken, step) = decoder
                .step(come)
                .map_err(|_| Refused::Malformed(Malformed::Chunks))?;
            self.request_bytes += taken;
            match step {
                Step::Data(data) if self.decoded.len() + data.len() > config.body_bytes_max => {
                    return Err(Refused::BodyTooLong);
                }
                Step::Data(data) => self.decoded.extend_from_slice(data),
                Step::End => return Ok(()),
                Step::NeedMore => {
                    // Decoded bytes need not be kept twice.
                    self.come.truncate(self.head_bytes);
                    self.request_bytes = self.head_bytes;
                    self.read_more(slow, patience).await?;
                }
            }
        }
    }

    /// Tells a client that waits for it to send its body (RFC 9110 section 10.1.1).
    async fn invite_body(&mut self, config: &Config, patience: &mut Patience) -> Result<(), Refused> {
        if !self.head.expects_continue || self.head.version == Version::Http10 {
            return Ok(());
        }
        let invitation = async {
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
            self.stream.flush().await
        };
        match patience.within(config.stall, invitation).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Refused::BodyTooSlow),
        }
    }

    async fn read_more(&mut self, slow: Instant, patience: &mut Patience) -> Result<(), Refused> {
        self.come.reserve(1024);
        let left = slow.saturating_duration_since(Instant::now());
        match patience.within(left, self.stream.read_buf(&mut self.come)).await {
            Ok(Ok(read)) if read > 0 => Ok(()),
            _ => Err(Refused::BodyTooSlow),
        }
    }
}
