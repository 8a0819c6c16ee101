//! The connection: made when needed, and made again after it broke.
//!
//! One connection carries all calls of a process at once. Whoever finds it broken makes it anew, the others wait for
//! that; after a failed attempt callers are refused for a moment instead of queueing up behind the next. Every wait
//! is bounded by the address's timeouts. After a Sentinel's failover the new primary is found by asking anew.

use std::future::Future;
use std::io;
use std::time::Duration;

use redis::aio::{MultiplexedConnection, PubSub};
use redis::io::tcp::{TcpSettings, socket2};
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ErrorKind, FromRedisValue, IntoConnectionInfo,
    RedisConnectionInfo, RedisError, RedisResult, ScriptInvocation, TlsMode, Value,
};
use secrecy::ExposeSecret;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::super::ConnectError;
use super::super::store::StoreError;
use super::connection::{Host, RedisConnection, Tls};
use super::{advice, unreachable};

/// How long callers are refused after a failed attempt to connect.
const REFUSE_AFTER_FAILURE: Duration = Duration::from_millis(200);
/// How soon a silent connection is probed, and how often: a server that vanished is noticed within half a minute
/// even where nothing is asked of it.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// The way to the Redis.
pub(super) struct Link {
    primary: Primary,
    connect_timeout: Duration,
    answer_timeout: Duration,
    state: Mutex<State>,
}

/// Where the Redis that takes writes is found.
enum Primary {
    /// At the first of these that answers as one.
    Among(Vec<Client>),
    /// Where the Sentinels say.
    Elected(Box<Mutex<SentinelClient>>),
}

#[derive(Default)]
struct State {
    connection: Option<MultiplexedConnection>,
    /// Counts connections, so that a broken one is dropped once.
    generation: u64,
    failed: Option<Failure>,
}

/// An attempt to connect that failed, for those who come a moment later.
struct Failure {
    at: Instant,
    why: String,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

impl Link {
    pub(super) fn new(connection: &RedisConnection) -> Result<Self, ConnectError> {
        let primary = match &connection.service {
            Some(service) => elected(connection, service),
            None => among(connection),
        };
        Ok(Self {
            primary: primary.map_err(|error| ConnectError {
                detail: format!("the address of the Redis: {error}"),
            })?,
            connect_timeout: connection.connect_timeout,
            answer_timeout: connection.answer_timeout,
            state: Mutex::default(),
        })
    }

    /// Runs a script.
    pub(super) async fn invoke<T: FromRedisValue>(
        &self,
        doing: &'static str,
        call: &ScriptInvocation<'_>,
    ) -> Result<T, StoreError> {
        let (mut connection, generation) = self
            .connection()
            .await
            .map_err(|error| unreachable(doing, error))?;
        match self.in_time(call.invoke_async::<Value>(&mut connection)).await {
            Ok(value) => redis::from_redis_value(value)
                .map_err(|error| super::unreadable(doing, format!("an answer: {error}"))),
            Err(error) => {
                self.drop_connection(generation).await;
                Err(unreachable(doing, error))
            }
        }
    }

    /// A connection of its own for messages.
    pub(super) async fn subscription(&self) -> RedisResult<PubSub> {
        let connecting = async { self.client().await?.get_async_pubsub().await };
        timely(self.connect_timeout, connecting).await
    }

    /// Bounds the wait for an answer.
    pub(super) async fn in_time<T>(&self, answer: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
        timely(self.answer_timeout, answer).await
    }

    async fn connection(&self) -> RedisResult<(MultiplexedConnection, u64)> {
        let mut state = self.state.lock().await;
        if let Some(connection) = &state.connection {
            return Ok((connection.clone(), state.generation));
        }
        if let Some(Failure { at, why }) = &state.failed
            && at.elapsed() < REFUSE_AFTER_FAILURE
        {
            let before = format!("connecting failed a moment ago: {why}");
            return Err(io::Error::new(io::ErrorKind::NotConnected, before).into());
        }
        match timely(self.connect_timeout, self.connect()).await {
            Ok(connection) => {
                if state.generation == 0 {
                    tokio::spawn(advice::look(connection.clone()));
                }
                state.generation += 1;
                state.connection = Some(connection.clone());
                Ok((connection, state.generation))
            }
            Err(error) => {
                state.failed = Some(Failure {
                    at: Instant::now(),
                    why: advice::on(&error).map_or_else(|| error.to_string(), str::to_owned),
                });
                Err(error)
            }
        }
    }

    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.connect_timeout))
            .set_response_timeout(Some(self.answer_timeout));
        self.client()
            .await?
            .get_multiplexed_async_connection_with_config(&config)
            .await
    }

    /// Whatever went wrong, the next call starts from a fresh connection: the server may have changed its role,
    /// its data or its address.
    async fn drop_connection(&self, generation: u64) {
        let mut state = self.state.lock().await;
        if state.generation == generation {
            state.connection = None;
        }
    }

    /// The Redis that takes writes.
    async fn client(&self) -> RedisResult<Client> {
        match &self.primary {
            Primary::Elected(sentinels) => sentinels.lock().await.async_get_client().await,
            Primary::Among(clients) => match clients.as_slice() {
                [only] => Ok(only.clone()),
                several => first_primary(several, self.connect_timeout).await,
            },
        }
    }
}

/// The first server that answers as a primary. Each may use up its share of the time to connect.
async fn first_primary(clients: &[Client], connect_timeout: Duration) -> RedisResult<Client> {
    let share = connect_timeout / u32::try_from(clients.len()).unwrap_or(u32::MAX);
    let mut reason = RedisError::from((ErrorKind::Client, "none of the servers is a primary"));
    for client in clients {
        match timely(share, is_primary(client)).await {
            Ok(true) => return Ok(client.clone()),
            Ok(false) => {}
            Err(error) => reason = error,
        }
    }
    Err(reason)
}

async fn is_primary(client: &Client) -> RedisResult<bool> {
    let mut connection = client.get_multiplexed_async_connection().await?;
    let role: Vec<Value> = redis::cmd("ROLE").query_async(&mut connection).await?;
    let role = role.into_iter().next().map(redis::from_redis_value::<String>);
    Ok(matches!(role, Some(Ok(role)) if role == "master"))
}

async fn timely<T>(limit: Duration, work: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
    let late = || io::Error::new(io::ErrorKind::TimedOut, "no answer in time").into();
    tokio::time::timeout(limit, work)
        .await
        .unwrap_or_else(|_| Err(late()))
}

fn among(connection: &RedisConnection) -> RedisResult<Primary> {
    let clients = connection.hosts.iter().map(|host| {
        let info = address(host, connection.tls)
            .into_connection_info()?
            .set_tcp_settings(tcp_settings())
            .set_redis_settings(entry(connection));
        Client::open(info)
    });
    Ok(Primary::Among(clients.collect::<RedisResult<_>>()?))
}

fn elected(connection: &RedisConnection, service: &str) -> RedisResult<Primary> {
    let sentinels = connection.hosts.iter().map(|host| address(host, connection.tls));
    let mut builder = SentinelClientBuilder::new(sentinels, service, SentinelServerType::Master)?
        .set_client_to_redis_tcp_settings(tcp_settings())
        .set_client_to_sentinel_tcp_settings(tcp_settings())
        .set_client_to_redis_db(i64::from(connection.database));
    if connection.tls == Tls::On {
        builder = builder.set_client_to_redis_tls_mode(TlsMode::Secure);
    }
    if let Some(user) = &connection.user {
        builder = builder.set_client_to_redis_username(user);
    }
    // The Sentinels are entered without a password, as StackExchange.Redis's form has none for them.
    if let Some(password) = &connection.password {
        builder = builder.set_client_to_redis_password(password.expose_secret());
    }
    Ok(Primary::Elected(Box::new(Mutex::new(builder.build()?))))
}

fn address(host: &Host, tls: Tls) -> ConnectionAddr {
    match tls {
        Tls::Off => ConnectionAddr::Tcp(host.name.clone(), host.port),
        Tls::On => ConnectionAddr::TcpTls {
            host: host.name.clone(),
            port: host.port,
            insecure: false,
            tls_params: None,
        },
    }
}

fn entry(connection: &RedisConnection) -> RedisConnectionInfo {
    let mut entry = RedisConnectionInfo::default().set_db(i64::from(connection.database));
    if let Some(user) = &connection.user {
        entry = entry.set_username(user);
    }
    if let Some(password) = &connection.password {
        entry = entry.set_password(password.expose_secret());
    }
    entry
}

fn tcp_settings() -> TcpSettings {
    let keepalive = socket2::TcpKeepalive::new()
        .with_time(KEEPALIVE)
        .with_interval(KEEPALIVE);
    TcpSettings::default().set_nodelay(true).set_keepalive(keepalive)
}
