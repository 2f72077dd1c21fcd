//! The upstreams: whether each answers. What the running server has asked is taken from it; the others
//! are asked one harmless question, as the server would.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::runtime;
use tokio::task::LocalSet;
use tokio::time::timeout;

use super::Findings;
use crate::config::{self, UpstreamUrl, Validate};
use crate::engine::told;
use crate::upstream::{Anchors, Asker, Figures, Pools, Question, Trust};

/// Time for an answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long an answer took, or why there was none.
type Outcome = Result<Duration, String>;

pub(super) fn look(config: &config::Upstream, told: &[told::Upstream], found: &mut Findings) {
    let answers = match ask_all(config, told) {
        Ok(answers) => answers,
        Err(error) => {
            found.wrong("upstream", error, "see `upstream` in the settings");
            return;
        }
    };
    // Those of domains and clients come behind.
    let main = config.servers.len();
    let is_dead = !answers.iter().take(main).any(|(_, answer)| answer.is_ok());
    for (place, (url, answer)) in answers.into_iter().enumerate() {
        match answer {
            Ok(time) => {
                found.ok("upstream", format!("{url} answers, in {:.0} ms", time.as_secs_f64() * 1e3));
            }
            Err(why) if is_dead && place < main => found.wrong(
                "upstream",
                format!("{url}: {why}, and no other one answers"),
                "see whether this machine reaches the Internet; else write another one under `upstream`",
            ),
            Err(why) => found.warn(
                "upstream",
                format!("{url}: {why}"),
                "if it stays so, write another one under `upstream`",
            ),
        }
    }
}

/// Each upstream of the settings once, and how long it takes to answer, or why it does not.
fn ask_all(
    config: &config::Upstream,
    told: &[told::Upstream],
) -> Result<Vec<(String, Outcome)>, String> {
    let trust =
        Trust::read(config.ca.as_deref()).map_err(|error| format!("upstream.ca: {error}"))?;
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start a runtime: {error}"))?;
    let each = config.all_servers().map(|url| async {
        let name = url.to_string();
        let known = told.iter().find(|known| known.url == name && known.queries > 0);
        let answer = match known {
            Some(known) if !known.healthy => {
                Err("the server finds that it does not answer".to_owned())
            }
            Some(known) if known.failures < known.queries => {
                Ok(Duration::from_secs_f64(known.mean_ms.max(0.0) / 1e3))
            }
            _ => ask(url, config, &trust).await,
        };
        (name, answer)
    });
    Ok(LocalSet::new().block_on(&runtime, join_all(each)))
}

async fn ask(url: &UpstreamUrl, config: &config::Upstream, trust: &Trust) -> Outcome {
    let mut alone = config::Upstream {
        servers: vec![url.clone()],
        domains: Vec::new(),
        clients: Vec::new(),
        dns64: None,
        timeout: PATIENCE,
        ..config.clone()
    };
    // Whether it answers is asked, not whether it is right.
    alone.dnssec.validate = Validate::Off;
    let figures = Arc::new(Figures::new(&alone));
    let pools = Pools::new(&alone, &figures, trust, &Anchors::default());
    let (question, start) = (Question::harmless(), Instant::now());
    match timeout(PATIENCE, pools.pick(&question).ask(&question, Asker::House)).await {
        Ok(Ok(_)) => Ok(start.elapsed()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}
