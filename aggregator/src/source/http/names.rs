//! Names to addresses, each checked before anything connects to it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::guard::{NotAllowed, plain, refused};

/// Whoever knows the addresses of a host.
#[async_trait]
pub trait Names: Send + Sync + 'static {
    /// All addresses of `host`, in the order in which they should be tried.
    ///
    /// # Errors
    /// If it has none, or nobody can be asked.
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The resolver of the system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemNames;

#[async_trait]
impl Names for SystemNames {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// Looks a name up once for a connection and answers only if every address may be asked.
pub(super) struct GuardedNames {
    names: Arc<dyn Names>,
    listed: Option<String>,
}

impl GuardedNames {
    /// Looks up in `names`; the host `listed` may be anywhere.
    pub(super) fn new(names: Arc<dyn Names>, listed: Option<String>) -> Self {
        Self { names, listed }
    }
}

impl Resolve for GuardedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let names = Arc::clone(&self.names);
        let host = plain(name.as_str());
        let exempt = self.listed.as_deref() == Some(host.as_str());
        Box::pin(async move {
            let addresses = names.addresses(&host).await?;
            if !exempt && let Some(reason) = addresses.iter().find_map(|address| refused(*address)) {
                return Err(NotAllowed { host, reason }.into());
            }
            // Port 0: that of the URL.
            let addresses: Addrs = Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}
