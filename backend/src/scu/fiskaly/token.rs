//! The token that every call carries: fetched by one for all, reused until nine tenths of its life are over (6.1).

use std::fmt;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;

/// The token in use.
#[derive(Default)]
pub struct Tokens(Mutex<Option<Token>>);

/// A token and how long it is used.
pub struct Token {
    secret: SecretString,
    used_until: Instant,
}

impl Token {
    /// A token that was asked for at `asked_at` and lives so long from then.
    #[must_use]
    pub fn new(secret: SecretString, asked_at: Instant, lives: Duration) -> Self {
        Self {
            secret,
            used_until: asked_at + lives * 9 / 10,
        }
    }
}

/// The right to fetch a token; others wait for what comes of it.
pub struct Renewal<'a>(MutexGuard<'a, Option<Token>>);

impl Tokens {
    /// The token in use, or the right to fetch one.
    ///
    /// # Errors
    /// The right, when there is no token that can still be used.
    pub async fn current(&self) -> Result<SecretString, Renewal<'_>> {
        let held = self.0.lock().await;
        match &*held {
            Some(token) if Instant::now() < token.used_until => Ok(token.secret.clone()),
            _ => Err(Renewal(held)),
        }
    }

    /// A token was refused: unless another took its place meanwhile, it is not used again.
    pub async fn refused(&self, refused: &SecretString) {
        let mut held = self.0.lock().await;
        if held
            .as_ref()
            .is_some_and(|token| token.secret.expose_secret() == refused.expose_secret())
        {
            *held = None;
        }
    }
}

impl Renewal<'_> {
    /// Puts a fresh token in use.
    pub fn put(mut self, token: Token) -> SecretString {
        let secret = token.secret.clone();
        *self.0 = Some(token);
        secret
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn put(tokens: &Tokens, text: &str, lives_s: u64) {
        let Err(renewal) = tokens.current().await else {
            panic!("a token is in use");
        };
        renewal.put(Token::new(
            text.into(),
            Instant::now(),
            Duration::from_secs(lives_s),
        ));
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_used_for_nine_tenths_of_its_life() {
        let tokens = Tokens::default();
        put(&tokens, "one", 100).await;
        tokio::time::advance(Duration::from_secs(89)).await;
        assert!(tokens.current().await.is_ok());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(tokens.current().await.is_err());
    }

    #[tokio::test]
    async fn a_refusal_ends_the_token_that_was_refused_and_not_its_successor() {
        let tokens = Tokens::default();
        put(&tokens, "one", 100).await;
        tokens.refused(&"another".into()).await;
        assert!(tokens.current().await.is_ok());
        tokens.refused(&"one".into()).await;
        put(&tokens, "two", 100).await;
        tokens.refused(&"one".into()).await;
        assert!(
            tokens
                .current()
                .await
                .is_ok_and(|token| token.expose_secret() == "two")
        );
    }
}
