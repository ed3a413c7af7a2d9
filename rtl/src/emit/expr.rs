//! Expressions as Verilog text that means what the Rust meant.
//!
//! Verilog gives every operand of an expression the width of the widest one and lets operators bind
//! differently from Rust. Here all operands of an operator have the same width by construction: literals
//! take the width of their partner, and a widening cast puts its operand into a concatenation, where
//! Verilog evaluates it at its own width.

use std::collections::BTreeMap;

use rust_hdl::core::ast::{VerilogOp, VerilogOpUnary};

use super::error::EmitError;
use super::lower::{Expr, Net, Role};
use super::names;

/// What expressions are written against.
pub(super) struct Scope<'a> {
    pub module: &'a str,
    pub nets: &'a BTreeMap<String, Net>,
    /// The Verilog name of each net.
    pub names: &'a BTreeMap<String, String>,
}

/// How tightly a text holds together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bond {
    /// A name, a literal, a concatenation, a call.
    Primary,
    Unary,
    Binary(&'static str),
}

impl Scope<'_> {
    fn construct(&self, found: impl Into<String>, fix: &'static str) -> EmitError {
        EmitError::Construct { module: self.module.to_string(), found: found.into(), fix }
    }

    /// What a name means.
    pub fn net(&self, raw: &str) -> Result<Net, EmitError> {
        self.nets.get(raw).copied().ok_or_else(|| {
            self.construct(
                format!("`{}` is no signal here", names::identifier(raw)),
                "use a Constant field for numbers and const generics, import enums by name",
            )
        })
    }

    /// The Verilog name of a net.
    pub fn name(&self, raw: &str) -> Result<String, EmitError> {
        self.net(raw)?;
        Ok(self.names.get(raw).cloned().unwrap_or_else(|| names::identifier(raw)))
    }

    /// Width in bits; `None` for a literal that takes the width of its place.
    pub fn width(&self, e: &Expr) -> Result<Option<usize>, EmitError> {
        Ok(match e {
            Expr::Net(n) => Some(self.net(n)?.width),
            Expr::Literal { bits, .. } => (*bits == 1).then_some(1),
            Expr::Cast(_, bits) => Some(*bits),
            Expr::Binary(l, op, r) => match kind(op) {
                Kind::Compare | Kind::Logical => Some(1),
                Kind::Shift => self.width(l)?,
                Kind::Bitwise => self.width(l)?.or(self.width(r)?),
                Kind::Sum => match (self.width(l)?, self.width(r)?) {
                    (Some(a), Some(b)) => Some(a.max(b)),
                    (a, b) => a.or(b),
                },
            },
            Expr::Unary(VerilogOpUnary::Not | VerilogOpUnary::Neg, x) => self.width(x)?,
            Expr::Unary(..) | Expr::Index(..) => Some(1),
            Expr::Slice(_, width, _) => Some(*width),
            Expr::Replace(x, ..) => self.width(x)?,
        })
    }

    /// The text of a value of exactly `width` bits, for the right of `=`, in a port or between brackets.
    pub fn value(&self, e: &Expr, width: usize) -> Result<String, EmitError> {
        Ok(self.write(e, width)?.0)
    }

    /// A condition.
    pub fn condition(&self, e: &Expr) -> Result<String, EmitError> {
        self.value(e, 1)
    }

    fn write(&self, e: &Expr, width: usize) -> Result<(String, Bond), EmitError> {
        if let Some(found) = self.width(e)?
            && found != width
        {
            let text = self.write(e, found)?.0;
            return Err(EmitError::Width { module: self.module.to_string(), left: width, right: found, text });
        }
        match e {
            Expr::Net(n) => Ok((self.name(n)?, Bond::Primary)),
            Expr::Literal { value, .. } => {
                if !names::fits(*value, width) {
                    return Err(self.construct(
                        format!("the literal {value:#x} in a place of {width} bits"),
                        "use a value that fits",
                    ));
                }
                Ok((names::sized(*value, width), Bond::Primary))
            }
            Expr::Cast(x, _) => self.cast(x, width),
            Expr::Binary(l, op, r) => self.binary(l, op, r, width),
            Expr::Unary(op, x) => {
                let (symbol, inner) = match op {
                    VerilogOpUnary::Not => ("~", width),
                    VerilogOpUnary::Neg => ("-", width),
                    VerilogOpUnary::All => ("&", self.sized_operand(x)?),
                    VerilogOpUnary::Any => ("|", self.sized_operand(x)?),
                    VerilogOpUnary::Xor => ("^", self.sized_operand(x)?),
                };
                let (text, bond) = self.write(x, inner)?;
                // `a & &b` is legal and hard to read: a reduction counts as binary, which brings parentheses.
                let reduces = !matches!(op, VerilogOpUnary::Not | VerilogOpUnary::Neg);
                let bond_out = if reduces { Bond::Binary(symbol) } else { Bond::Unary };
                Ok((format!("{symbol}{}", wrap(text, bond != Bond::Primary)), bond_out))
            }
            Expr::Index(x, i) => self.index(x, i),
            Expr::Slice(x, _, offset) => self.slice(x, width, offset),
            Expr::Replace(x, i, v) => {
                let (text, bond) = self.write(x, width)?;
                let mask = format!("({} << {})", names::sized(1, width), self.amount(i)?);
                let bit = self.widen(&self.value(v, 1)?, 1, width);
                let kept = format!("({} & ~{mask})", wrap(text, bond != Bond::Primary));
                Ok((format!("{kept} | ({bit} << {})", self.amount(i)?), Bond::Binary("|")))
            }
        }
    }

    fn sized_operand(&self, e: &Expr) -> Result<usize, EmitError> {
        self.width(e)?.ok_or_else(|| self.construct("an operator on a literal", "write its value"))
    }

    fn widen(&self, text: &str, from: usize, to: usize) -> String {
        if from == to { text.to_string() } else { format!("{{{}, {text}}}", names::sized(0, to - from)) }
    }

    fn cast(&self, x: &Expr, width: usize) -> Result<(String, Bond), EmitError> {
        let Some(inner) = self.width(x)? else {
            return self.write(x, width);
        };
        if inner == width {
            return self.write(x, width);
        }
        if inner < width {
            // In a concatenation the operand keeps its own width: no carry and no ones leak out of it.
            return Ok((self.widen(&self.value(x, inner)?, inner, width), Bond::Primary));
        }
        match x {
            Expr::Net(n) => Ok((format!("{}{}", self.name(n)?, select(width, 0)), Bond::Primary)),
            _ => Err(self.construct(
                format!("a cast of an expression of {inner} bits to {width}"),
                "assign the expression to a Local first",
            )),
        }
    }

    fn binary(&self, l: &Expr, op: &VerilogOp, r: &Expr, width: usize) -> Result<(String, Bond), EmitError> {
        let symbol = symbol(op);
        let (left_width, right_width) = match kind(op) {
            Kind::Logical => (1, 1),
            Kind::Bitwise => (width, width),
            Kind::Sum => {
                // rust-hdl adds a bool to a word: the only operands of different widths.
                let side = |e: &Expr| Ok::<_, EmitError>(if self.width(e)? == Some(1) { 1 } else { width });
                (side(l)?, side(r)?)
            }
            Kind::Compare => match self.width(l)?.or(self.width(r)?) {
                Some(w) => (w, w),
                None => return Err(self.construct("a comparison of two literals", "write the result")),
            },
            Kind::Shift => {
                let (text, bond) = self.write(l, width)?;
                return Ok((
                    format!("{} {symbol} {}", wrap(text, matches!(bond, Bond::Binary(_))), self.amount(r)?),
                    Bond::Binary(symbol),
                ));
            }
        };
        let full = if matches!(kind(op), Kind::Sum) { width } else { left_width };
        let left = self.operand(l, left_width, full, symbol, true)?;
        let right = self.operand(r, right_width, full, symbol, false)?;
        Ok((format!("{left} {symbol} {right}"), Bond::Binary(symbol)))
    }

    fn operand(
        &self,
        e: &Expr,
        width: usize,
        full: usize,
        parent: &'static str,
        left: bool,
    ) -> Result<String, EmitError> {
        let (text, bond) = self.write(e, width)?;
        if width != full {
            return Ok(self.widen(&text, width, full));
        }
        let chained = left && matches!(e, Expr::Binary(..)) && bond == Bond::Binary(parent);
        let chained = chained && ["+", "&", "|", "^", "&&", "||"].contains(&parent);
        Ok(wrap(text, matches!(bond, Bond::Binary(_)) && !chained))
    }

    /// The right side of a shift: self-determined in Verilog.
    fn amount(&self, e: &Expr) -> Result<String, EmitError> {
        if let Expr::Literal { value, .. } = e {
            return Ok(value.to_string());
        }
        let width = self.sized_operand(e)?;
        let (text, bond) = self.write(e, width)?;
        Ok(wrap(text, bond != Bond::Primary))
    }

    /// Name and width of the net under an index or a slice.
    fn base(&self, x: &Expr) -> Result<(String, usize), EmitError> {
        match x {
            Expr::Net(n) => Ok((self.name(n)?, self.net(n)?.width)),
            _ => Err(self.construct(
                "get_bits or get_bit of an expression",
                "assign the expression to a Local of its own first",
            )),
        }
    }

    fn fixed(&self, e: &Expr) -> Result<Option<usize>, EmitError> {
        let value = match e {
            Expr::Literal { value, .. } => *value,
            Expr::Cast(x, _) => return self.fixed(x),
            Expr::Net(n) => match self.net(n)?.role {
                Role::Constant(value) => value,
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        Ok(usize::try_from(value).ok())
    }

    fn index(&self, x: &Expr, i: &Expr) -> Result<(String, Bond), EmitError> {
        let (name, width) = self.base(x)?;
        if let Some(at) = self.fixed(i)? {
            if at >= width {
                return Err(self.construct(format!("bit {at} of `{name}`, which has {width}"), "stay inside"));
            }
            return Ok((if width == 1 { name } else { format!("{name}[{at}]") }, Bond::Primary));
        }
        let bits = self.sized_operand(i)?;
        if bits >= usize::BITS as usize || 1usize << bits > width {
            return Err(self.construct(
                format!("an index of {bits} bits into `{name}`, which has {width}"),
                "make the signal as wide as the index can reach",
            ));
        }
        Ok((format!("{name}[{}]", self.value(i, bits)?), Bond::Primary))
    }

    fn slice(&self, x: &Expr, width: usize, offset: &Expr) -> Result<(String, Bond), EmitError> {
        let (name, total) = self.base(x)?;
        let last = match self.fixed(offset)? {
            Some(at) => at,
            None => {
                let bits = self.sized_operand(offset)?;
                1usize.checked_shl(bits as u32).map_or(usize::MAX, |n| n - 1)
            }
        };
        if last.checked_add(width).is_none_or(|end| end > total) {
            return Err(self.construct(
                format!("get_bits of {width} bits at up to {last} of `{name}`, which has {total}"),
                "stay inside: Verilog answers X past the end",
            ));
        }
        let text = match self.fixed(offset)? {
            Some(_) if width == total => name,
            Some(at) => format!("{name}{}", select(width, at)),
            None => format!("{name}[{} +: {width}]", self.value(offset, self.sized_operand(offset)?)?),
        };
        Ok((text, Bond::Primary))
    }
}

/// `[15:8]`, or `[3]` for one bit.
pub(super) fn select(width: usize, offset: usize) -> String {
    if width == 1 { format!("[{offset}]") } else { format!("[{}:{offset}]", offset + width - 1) }
}

fn wrap(text: String, yes: bool) -> String {
    if yes { format!("({text})") } else { text }
}

enum Kind {
    Sum,
    Bitwise,
    Shift,
    Compare,
    Logical,
}

fn kind(op: &VerilogOp) -> Kind {
    match op {
        VerilogOp::Add | VerilogOp::Sub | VerilogOp::Mul => Kind::Sum,
        VerilogOp::BitXor | VerilogOp::BitAnd | VerilogOp::BitOr => Kind::Bitwise,
        VerilogOp::Shl | VerilogOp::Shr => Kind::Shift,
        VerilogOp::LogicalAnd | VerilogOp::LogicalOr => Kind::Logical,
        _ => Kind::Compare,
    }
}

fn symbol(op: &VerilogOp) -> &'static str {
    match op {
        VerilogOp::Add => "+",
        VerilogOp::Sub => "-",
        VerilogOp::Mul => "*",
        VerilogOp::LogicalAnd => "&&",
        VerilogOp::LogicalOr => "||",
        VerilogOp::BitXor => "^",
        VerilogOp::BitAnd => "&",
        VerilogOp::BitOr => "|",
        VerilogOp::Shl => "<<",
        VerilogOp::Shr => ">>",
        VerilogOp::Eq => "==",
        VerilogOp::Lt => "<",
        VerilogOp::Le => "<=",
        VerilogOp::Ne => "!=",
        VerilogOp::Ge => ">=",
        VerilogOp::Gt => ">",
    }
}
