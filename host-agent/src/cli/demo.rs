//! `deltascope demo`.

use anyhow::Result;
use clap::Args;
use deltascope_agent::accounting::Options;
use deltascope_agent::demo::Demo;
use deltascope_agent::report::{ScanJson, scan_lines};
use deltascope_agent::stop::Stop;

use super::bar::Bar;
use super::engine::{EngineArguments, text};

/// Options of the command.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    engine: EngineArguments,
}

/// Runs the main job.
pub fn run(arguments: &Arguments) -> Result<()> {
    let (_daemon, mut accounting) = arguments.engine.open(Options::default(), &Stop::default())?;
    let bar = Bar::new("scanning");
    let demo = Demo::run(&mut accounting, &mut |progress| bar.show(progress))?;
    drop(bar);
    if arguments.json {
        super::print_json(&demo.json(), false)?;
    } else {
        let mut out = text(&demo.report) + &scan_lines(&ScanJson::from(&demo.summary));
        for phase in &demo.phases {
            let (found, expected) = (phase.counted(), phase.expected);
            out += &format!(
                "[{}]: the engine counted {} copied and {} redundant pages; the workload made {} and {}\n",
                phase.name, found.copied, found.redundant, expected.copied, expected.redundant
            );
        }
        super::print(&out)?;
    }
    accounting.finish()?;
    Ok(demo.check()?)
}
