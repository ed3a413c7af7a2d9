//! What can stop an emission.

/// Why a block has no Verilog.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmitError {
    /// rust-hdl's own checks failed: an open signal, a loop, or a write to an input.
    #[error("block `{block}`: rust-hdl rejects it: {found}")]
    Check {
        /// The top that was asked for.
        block: String,
        /// What rust-hdl found.
        found: String,
    },
    /// A construct that cannot be written so that Verilog means what Rust means.
    #[error("module `{module}`: {found}; {fix}")]
    Construct {
        /// Instance path of the module.
        module: String,
        /// What was found.
        found: String,
        /// What to write instead.
        fix: &'static str,
    },
    /// Two operands of different widths.
    #[error("module `{module}`: {left} bits meet {right} bits in `{text}`; widen one of them with bit_cast first")]
    Width {
        /// Instance path of the module.
        module: String,
        /// Width of the left side or of the place that takes the value.
        left: usize,
        /// Width of the right side or of the value.
        right: usize,
        /// The expression.
        text: String,
    },
    /// A name that Verilog cannot have, or that two things would have.
    #[error("module `{module}`: the name `{name}` {found}; rename the field")]
    Name {
        /// Instance path of the module.
        module: String,
        /// The name in the Verilog.
        name: String,
        /// What is wrong with it.
        found: &'static str,
    },
    /// Two different modules want the same name.
    #[error(
        "two different modules are called `{name}`; put what distinguishes them into the name, as in \
         comment!(\"@module {name}_{{data}}\") with a port or constant in braces"
    )]
    Ambiguous {
        /// The name that both have.
        name: String,
    },
    /// The emission thread did not finish.
    #[error("the emission of `{block}` stopped early: {found}")]
    Stopped {
        /// The top that was asked for.
        block: String,
        /// The panic's text or the reason why the thread did not start.
        found: String,
    },
    /// No instantiation of that block with those settings.
    #[error("no block `{block}` with {settings} is compiled in; there are: {known}")]
    Unknown {
        /// The block that was asked for.
        block: String,
        /// The settings that were asked for.
        settings: String,
        /// What there is.
        known: String,
    },
}
