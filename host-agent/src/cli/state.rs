//! Options that make an agent resume after a restart.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use deltascope_agent::accounting::state::{AgentId, AgentIdentity, AgentState, StateError};
use deltascope_agent::sources::Source;

/// Where services of the system keep their state.
const DEFAULT_FOLDER: &str = "/var/lib/deltascope";

/// Who this agent is, over its restarts.
#[derive(Args, Clone, Debug)]
pub struct StateArguments {
    /// Folder with the id of this agent and what its restart needs: killed and started again within 60 s it resumes
    /// with its totals [default: $STATE_DIRECTORY, as systemd sets it for StateDirectory=; with --source kmod and a
    /// running board server /var/lib/deltascope; else each run is an agent of its own]
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    /// Id of this agent, 32 hex digits [default: the one in the folder, made at random once]
    #[arg(long, value_name = "ID")]
    agent_id: Option<AgentId>,
}

impl StateArguments {
    /// What a restart needs; `None` for a run that is an agent of its own. `remote`: the board server outlives the run;
    /// `has_tls`: it knows the agent by its certificate.
    pub fn open(&self, source: &dyn Source, remote: bool, has_tls: bool) -> Result<Option<AgentState>> {
        let service = source.name() == "kmod" && remote;
        // systemd.exec(5): a list with colons if there are several.
        let given = std::env::var("STATE_DIRECTORY").ok().filter(|_| remote);
        let given = given.and_then(|list| list.split(':').next().filter(|first| !first.is_empty()).map(PathBuf::from));
        let folder = self.state_dir.clone().or(given).or_else(|| service.then(|| DEFAULT_FOLDER.into()));
        if !source.can_resume() {
            if self.agent_id.is_some() {
                bail!(
                    "--agent-id: expected a source that can continue after a restart (kmod, replay, synth), found {}; leave it out",
                    source.name()
                );
            }
            return Ok(None);
        }
        Ok(match (folder, self.agent_id) {
            (Some(folder), id) => Some(AgentState::open(&folder, id, report)?),
            (None, Some(id)) if has_tls => Some(AgentState::with_id(id)),
            (None, Some(_)) => bail!(
                "--agent-id: expected --state-dir too, or --tls: others see the id, so that alone it proves nothing to a board server"
            ),
            (None, None) => None,
        })
    }

    /// Who an agent is whose source has nothing to resume (`scan`): its next process takes its place at the board server.
    /// `None` for a run with a board server of its own, and when no folder can be used or another process has it: then it
    /// is an agent of its own.
    pub fn identity(&self, source: &dyn Source, remote: bool) -> Option<AgentIdentity> {
        if source.can_resume() || !remote {
            return None;
        }
        let given = self.state_dir.clone().or_else(|| folder_of("STATE_DIRECTORY", ""));
        let folders = match given {
            Some(folder) => vec![folder],
            None => [
                Some(PathBuf::from(DEFAULT_FOLDER)),
                folder_of("XDG_STATE_HOME", "deltascope"),
                folder_of("HOME", ".local/state/deltascope"),
            ]
            .into_iter()
            .flatten()
            .collect(),
        };
        folders.into_iter().find_map(|folder| match AgentIdentity::open(&folder.join(source.name()), report) {
            Ok(identity) => Some(Some(identity)),
            Err(StateError::InUse { .. }) => Some(None),
            Err(_) => None,
        })?
    }
}

fn report(notice: &str) {
    eprintln!("deltascope: {notice}");
}

/// A folder that a variable of the environment names; of a list the first.
fn folder_of(variable: &str, below: &str) -> Option<PathBuf> {
    let value = std::env::var(variable).ok()?;
    let first = value.split(':').next().filter(|first| !first.is_empty())?;
    Some(PathBuf::from(first).join(below))
}
