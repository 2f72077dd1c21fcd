//! Where a command's settings come from.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;

use super::config::since_of;
use crate::config::{Config, ConfigError, Since, UpstreamUrl, keys_given};
use crate::data::Folder;

/// Where settings come from. What is given here beats the file.
#[derive(Debug, Clone, Args)]
pub(super) struct Settings {
    /// Settings file; without it, the defaults hold
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Address to answer DNS on over UDP and TCP; may be given several times
    #[arg(long, value_name = "ADDR", num_args = 1.., global = true)]
    listen: Vec<SocketAddr>,
    /// Upstream to ask, in order of preference: udp://127.0.0.1:5300, tls://9.9.9.9#dns.quad9.net
    #[arg(long, value_name = "URL", num_args = 1.., global = true)]
    upstream: Vec<UpstreamUrl>,
    /// Address of the HTTP server for metrics and health
    #[arg(long, value_name = "ADDR", global = true)]
    web: Option<SocketAddr>,
    /// Folder for state, the compiled table and the control socket
    #[arg(long, value_name = "DIR", global = true)]
    pub(super) data: Option<PathBuf>,
}

impl Settings {
    /// The settings as they are now, with those made since in the data folder: the file is read anew
    /// each time.
    pub(super) fn read(&self) -> Result<Config, String> {
        let config = self.of_file()?;
        let folder = Folder::existing(config.data.as_deref());
        let since = folder.map(|folder| since_of(folder.path())).unwrap_or_default();
        Ok(self.above(config, &since).0)
    }

    /// The settings as they are now, with `since` above the file; and what of it is wrong, and left
    /// out.
    pub(super) fn read_with(&self, since: &Since) -> Result<(Config, Vec<ConfigError>), String> {
        Ok(self.above(self.of_file()?, since))
    }

    /// The file, if one was given.
    pub(super) fn file(&self) -> Option<&Path> {
        self.config.as_deref()
    }

    /// Keys that the file sets.
    pub(super) fn keys_of_file(&self) -> Vec<String> {
        let text = self.config.as_ref().and_then(|file| fs::read_to_string(file).ok());
        text.map(|text| keys_given(&text)).unwrap_or_default()
    }

    fn of_file(&self) -> Result<Config, String> {
        let mut config = match &self.config {
            Some(file) => Config::read(file).map_err(|error| error.to_string())?,
            None => Config::default(),
        };
        if let Some(data) = &self.data {
            config.data = Some(data.clone());
        }
        Ok(config)
    }

    fn above(&self, mut config: Config, since: &Since) -> (Config, Vec<ConfigError>) {
        let mistakes = config.set_all(since);
        if !self.listen.is_empty() {
            config.listen.clone_from(&self.listen);
        }
        if !self.upstream.is_empty() {
            config.upstream.servers.clone_from(&self.upstream);
        }
        if let Some(web) = self.web {
            config.web = Some(web);
        }
        (config, mistakes)
    }
}
