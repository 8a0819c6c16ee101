//! What an operator can do about a Redis that answers, and does not do what is needed or will not keep it.

use redis::aio::MultiplexedConnection;
use redis::{ErrorKind, RedisError, ServerErrorKind};

/// What a refusal means, in words of the settings. `None` where Redis's own words are as good.
pub(super) fn on(error: &RedisError) -> Option<&'static str> {
    match (error.kind(), error.code()) {
        (ErrorKind::AuthenticationFailed, _) | (_, Some("NOAUTH" | "WRONGPASS")) => {
            Some("Redis refuses the user or password")
        }
        (_, Some("NOPERM")) => {
            Some("Redis forbids its user the scripts, the keys or the channel of this installation")
        }
        (ErrorKind::Server(ServerErrorKind::ReadOnly), _) => Some(READ_ONLY),
        // A script that writes reports it inside a message of its own.
        _ if error.to_string().contains("READONLY") => Some(READ_ONLY),
        _ => None,
    }
}

const READ_ONLY: &str =
    "this Redis is a read-only replica: name its primary, or the Sentinels and their serviceName";

/// Looks once at how a Redis is run, and warns of what would lose records. One that does not tell is left in peace.
pub(super) async fn look(mut connection: MultiplexedConnection) {
    let told: Result<String, RedisError> = redis::cmd("INFO")
        .arg("memory")
        .query_async(&mut connection)
        .await;
    match told {
        Ok(told) => {
            if let Some(policy) = evicting_policy(&told) {
                tracing::warn!(
                    setting = super::config::REDIS.name,
                    maxmemory_policy = policy,
                    "Redis may evict records of ownership when its memory is full: set its maxmemory-policy to noeviction"
                );
            }
        }
        Err(error) => tracing::debug!(%error, "Redis does not tell how it is run"),
    }
}

/// The policy by which a Redis with bounded memory drops keys, if it does.
fn evicting_policy(info: &str) -> Option<&str> {
    let field = |name: &str| {
        info.lines()
            .find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(':'))
    };
    let is_bounded = field("maxmemory").is_some_and(|bytes| bytes != "0");
    field("maxmemory_policy").filter(|policy| is_bounded && *policy != "noeviction")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> RedisError {
        let answer = redis::parse_redis_value(format!("-{text}\r\n").as_bytes());
        answer
            .and_then(redis::Value::extract_error)
            .expect_err("it is an error")
    }

    #[test]
    fn a_refusal_is_told_with_what_to_do_and_other_errors_in_redis_words() {
        for (answer, advice) in [
            (
                "WRONGPASS invalid username-password pair",
                Some("user or password"),
            ),
            ("NOAUTH Authentication required.", Some("user or password")),
            ("NOPERM this user has no permissions", Some("forbids")),
            (
                "READONLY You can't write against a read only replica.",
                Some("replica"),
            ),
            (
                "ERR Error running script: -READONLY You can't write",
                Some("replica"),
            ),
            ("LOADING Redis is loading the dataset in memory", None),
        ] {
            let given = on(&said(answer));
            assert_eq!(given.is_some(), advice.is_some(), "{answer}: {given:?}");
            assert!(
                given.unwrap_or_default().contains(advice.unwrap_or_default()),
                "{answer}: {given:?}"
            );
        }
    }

    #[test]
    fn only_a_bounded_redis_that_drops_keys_is_warned_of() {
        let info = |bytes, policy| format!("# Memory\r\nmaxmemory:{bytes}\r\nmaxmemory_policy:{policy}\r\n");
        assert_eq!(
            evicting_policy(&info("1048576", "allkeys-lru")),
            Some("allkeys-lru")
        );
        assert_eq!(evicting_policy(&info("1048576", "noeviction")), None);
        assert_eq!(evicting_policy(&info("0", "allkeys-lru")), None);
        assert_eq!(evicting_policy(""), None);
    }
}
