//! What only the administrator of a TSS may do: log in, do it, log out (`fiscal-spec.md` 6.1).

use std::future::Future;

use reqwest::StatusCode;
use secrecy::ExposeSecret;
use serde_json::json;

use super::call::{Call, Failure};
use crate::scu::ScuError;
use crate::scu::http_client::Answer;

impl Call<'_> {
    /// Does something as the administrator. One at a time, because a log-out ends every log-in; another pod's may
    /// still come between, so what is forbidden is tried once more after a fresh log-in.
    ///
    /// # Errors
    /// When there is no `AdminPin`, it is wrong, or what was to be done was not.
    pub async fn as_admin<F>(&self, act: impl Fn() -> F) -> Result<Answer, Failure>
    where
        F: Future<Output = Result<Answer, Failure>>,
    {
        let alone = self.in_time(self.tss.admin.lock()).await;
        let _alone = alone.map_err(|_| ScuError::Unreachable {
            message: "others are the TSS's administrator for so long".to_owned(),
        })?;
        self.log_in().await?;
        let done = match act().await {
            Err(Failure::Refused {
                status: StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN,
                ..
            }) => {
                self.log_in().await?;
                act().await
            }
            done => done,
        };
        if let Err(failure) = self.post("admin/logout", &json!({})).await {
            tracing::debug!(tss.id = %self.tss.id, ?failure, "the administrator was not logged out; the log-in ends by itself");
        }
        done
    }

    async fn log_in(&self) -> Result<(), Failure> {
        let Some(pin) = &self.tss.settings.credentials.admin_pin else {
            return Err(Failure::ours(
                "The SCU's configuration has no AdminPin, which this needs at fiskaly.",
            ));
        };
        let body = json!({ "admin_pin": pin.expose_secret() });
        match self.post("admin/auth", &body).await {
            Ok(_) => Ok(()),
            // What is said to a PIN is not repeated, but whether it is blocked helps.
            Err(Failure::Refused { status, code, .. }) if code != "E_TSS_DELETED" => {
                Err(Failure::ours(format!(
                    "fiskaly does not accept the AdminPin of the SCU (status {} {code})",
                    status.as_u16()
                )))
            }
            Err(failure) => Err(failure),
        }
    }
}
