use proptest::prelude::*;

use super::*;

fn read(text: &str) -> RedisConnection {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn hosts(connection: &RedisConnection) -> Vec<(&str, u16)> {
    let hosts = connection.hosts.iter();
    hosts.map(|host| (host.name.as_str(), host.port)).collect()
}

fn password(connection: &RedisConnection) -> Option<&str> {
    connection
        .password
        .as_ref()
        .map(|password| password.expose_secret())
}

#[test]
fn the_originals_form_names_hosts_and_options_in_any_case_and_order() {
    let connection =
        read("one:6379, two ,PASSWORD=a=b==,ssl=True,User=pod,defaultDatabase=3,abortConnect=false");
    assert_eq!(hosts(&connection), [("one", 6379), ("two", 6380)]);
    assert_eq!(password(&connection), Some("a=b=="));
    assert_eq!(
        (connection.tls, connection.user.as_deref()),
        (Tls::On, Some("pod"))
    );
    assert_eq!(connection.database, 3);
    assert_eq!(connection.notices.len(), 1);
}

#[test]
fn sentinels_are_named_by_their_service() {
    let connection = read("s1,s2:26380,serviceName=mymaster");
    assert_eq!(hosts(&connection), [("s1", 26379), ("s2", 26380)]);
    assert_eq!(connection.service.as_deref(), Some("mymaster"));
}

#[test]
fn timeouts_are_taken_over() {
    let connection = read("h,connectTimeout=1500,asyncTimeout=250");
    assert_eq!(connection.connect_timeout, Duration::from_millis(1500));
    assert_eq!(connection.answer_timeout, Duration::from_millis(250));
}

#[test]
fn a_url_is_read_with_user_password_database_and_tls() {
    let connection = read("rediss://pod:p%2Cw@example.test:7000/2");
    assert_eq!(hosts(&connection), [("example.test", 7000)]);
    assert_eq!(password(&connection), Some("p,w"));
    assert_eq!(
        (connection.tls, connection.user.as_deref(), connection.database),
        (Tls::On, Some("pod"), 2)
    );
    assert_eq!(hosts(&read("redis://[::1]:6400")), [("::1", 6400)]);
}

#[test]
fn addresses_of_the_sixth_version_stand_in_brackets() {
    assert_eq!(
        hosts(&read("[::1]:6400,[fe80::]")),
        [("::1", 6400), ("fe80::", 6379)]
    );
}

#[test]
fn what_is_wrong_is_named() {
    use RedisConnectionError as E;
    let cases = [
        ("h,frobnicate=1", E::UnknownOption("frobnicate".into())),
        ("password=x", E::NoHost),
        ("h:0", E::Host(1)),
        ("ok,h:", E::Host(2)),
        ("h:99999", E::Host(1)),
        ("[::1", E::Host(1)),
        ("redis://h/x", E::Url),
        ("http://h", E::Url),
        ("rediss://h/#insecure", E::Url),
    ];
    for (text, expected) in cases {
        assert_eq!(text.parse::<RedisConnection>(), Err(expected), "{text}");
    }
    for (text, option) in [
        ("h,ssl=maybe", "ssl"),
        ("h,defaultDatabase=-1", "defaultDatabase"),
        ("h,connectTimeout=0", "connectTimeout"),
        ("h,ssl=true,sslHost=other", "sslHost"),
        ("h,proxy=twemproxy", "proxy"),
    ] {
        let error = text.parse::<RedisConnection>().unwrap_err().to_string();
        assert!(error.contains(option), "{text}: {error}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_without_a_panic(text in ".{0,120}") {
        let _ = text.parse::<RedisConnection>();
    }

    #[test]
    fn anything_that_looks_alike_is_read_or_refused_without_a_panic(
        text in "(redis://|rediss://)?[\\[\\]:,=@/%a-z0-9 .-]{0,60}(,(password|ssl|user|serviceName|x)=[^,]{0,9}){0,3}",
    ) {
        let _ = text.parse::<RedisConnection>();
    }

    #[test]
    fn no_piece_of_a_password_is_ever_shown(
        pieces in prop::collection::vec("[A-Za-z0-9=/+!#]{12,20}", 1..4), url: bool, after in "(,ssl=true|,bad=1|,h:0|)",
    ) {
        let text = if url {
            format!("redis://user:{}@host:1/{after}", pieces.join("%"))
        } else {
            format!("host,password={}{after}", pieces.join(","))
        };
        let shown = match text.parse::<RedisConnection>() {
            // A piece after a comma that is a valid host name is one, as StackExchange.Redis reads it.
            Ok(connection) => {
                let debug = format!("{connection:?}");
                prop_assert!(!debug.contains(&pieces[0]), "{}", debug);
                return Ok(());
            }
            Err(error) => format!("{error} {error:?}"),
        };
        for piece in pieces {
            prop_assert!(!shown.contains(&piece), "{}", shown);
        }
    }
}
