//! Proof that a generated fault changes nothing: register by register, for any input and any memory contents.

use std::path::Path;

use super::generated::GOOD;
use super::sources::Sources;
use super::{Kind, Mutant, MutationError, TOPS, yosys};
use deltascope_sim::dut::VerilateError;

/// Whether the design with the fault is proved equal to the one without: equal registers and inputs give equal
/// outputs and, a clock later, equal registers. Tried for the block alone; then for the part of the design around
/// it, where an output without a reader and an input that never changes are seen. A planted fault is never proved.
///
/// # Errors
/// When yosys cannot be run.
pub fn proved(mutant: &Mutant, sources: &Sources, folder: &Path) -> Result<bool, MutationError> {
    let Kind::Generated { arguments } = &mutant.kind else {
        return Ok(false);
    };
    let block = &mutant.block;
    // Only registers and ports are compared: a wire between them may differ without effect.
    let alone = format!(
        "read_rtlil {GOOD}
copy {block} changed
rename {block} original
mutate -module changed {arguments}
cd original
select -set registers t:$*dff* %co1:+[Q] w:* %i
rename -hide w:* @registers %d i:* %d o:* %d
cd ..
setattr -unset init original/w:* changed/w:*
{COMPARE}"
    );
    if reports_equal(folder, &format!("equal-{}-alone", mutant.number), &alone)? {
        return Ok(true);
    }
    let home = sources.home(block);
    let keep: String = TOPS.iter().filter(|t| **t != home).map(|t| format!(" {t}")).collect();
    let flat = |change: &str| {
        format!(
            "read_rtlil {GOOD}
{change}
setattr -mod -unset keep_hierarchy *
setattr -mod -set keep_hierarchy 1{keep}
hierarchy -top {home}
flatten
opt -full
opt_clean -purge
setattr -unset init {home}/w:*
"
        )
    };
    let inside = format!(
        "{}design -stash good\n{}rename {home} changed\ndesign -copy-from good -as original {home}\n{COMPARE}",
        flat(""),
        flat(&format!("mutate -module {block} {arguments}")),
    );
    reports_equal(folder, &format!("equal-{}-inside", mutant.number), &inside)
}

const COMPARE: &str = "equiv_make original changed both
cd both
opt_merge
equiv_struct
equiv_simple
equiv_induct
equiv_status
";

fn reports_equal(folder: &Path, name: &str, script: &str) -> Result<bool, MutationError> {
    match yosys(folder, name, script) {
        Ok(said) => Ok(said.contains("Equivalence successfully proven!")),
        // yosys refuses some faults, such as a register that became a constant: they are not proved.
        Err(MutationError::Tool(VerilateError::Refused { .. })) => Ok(false),
        Err(error) => Err(error),
    }
}
