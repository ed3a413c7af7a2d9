//! LEDs and a button of the board, behind the traits of `embedded-hal`.
//!
//! A pin is named on the command line: `gpiochip0:50` is line 50 of that chip, through the GPIO character device; any
//! other name is an LED below /sys/class/leds. `!` in front turns its sense around.

use crate::error::LinuxError;
use crate::sysfs::{self, Roots};
use embedded_hal::digital::{ErrorKind, ErrorType, InputPin, OutputPin, PinState};
use linux_embedded_hal::CdevPin;
use linux_embedded_hal::gpio_cdev::{Chip, LineHandle, LineRequestFlags};
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Who asks the kernel for a line; `gpioinfo` shows it.
const CONSUMER: &str = "deltascope";

/// The name of a pin, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PinName {
    /// An LED of /sys/class/leds.
    Led {
        /// Its name.
        name: String,
        /// Dark is on.
        inverted: bool,
    },
    /// A line of a GPIO chip.
    Line {
        /// The chip's file below /dev.
        chip: String,
        /// Number of the line.
        line: u32,
        /// Low is on.
        inverted: bool,
    },
}

impl fmt::Display for PinName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = |inverted: &bool| if *inverted { "!" } else { "" };
        match self {
            PinName::Led { name, inverted } => write!(f, "{}{name}", sign(inverted)),
            PinName::Line { chip, line, inverted } => write!(f, "{}{chip}:{line}", sign(inverted)),
        }
    }
}

impl FromStr for PinName {
    type Err = String;

    fn from_str(text: &str) -> Result<PinName, String> {
        let (name, inverted) = match text.strip_prefix('!') {
            Some(name) => (name, true),
            None => (text, false),
        };
        let is_name = !name.is_empty() && name != "." && name != ".." && !name.contains('/');
        if !is_name {
            return Err(format!("expected an LED of /sys/class/leds or gpiochipN:LINE, found {text:?}"));
        }
        match name.split_once(':').filter(|(chip, _)| chip.starts_with("gpiochip")) {
            None => Ok(PinName::Led { name: name.to_owned(), inverted }),
            Some((chip, line)) => {
                let line = line.parse().map_err(|_| format!("expected gpiochipN:LINE, found {text:?}"))?;
                Ok(PinName::Line { chip: chip.to_owned(), line, inverted })
            }
        }
    }
}

/// A failure of a pin, in the form that `embedded-hal` asks for.
pub struct PinFault(LinuxError);

impl fmt::Debug for PinFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl embedded_hal::digital::Error for PinFault {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

/// An LED of /sys/class/leds.
#[derive(Debug)]
pub struct ClassLed {
    brightness: PathBuf,
    on: String,
}

impl ClassLed {
    /// The LED of that name, taken from whatever trigger of the kernel had it.
    ///
    /// # Errors
    /// There is none of that name, or it cannot be written.
    pub fn open(roots: &Roots, name: &str) -> Result<ClassLed, LinuxError> {
        let leds = roots.class("leds");
        let folder = leds.join(name);
        if !folder.is_dir() {
            let found = sysfs::names(&leds)?.join(", ");
            let found = if found.is_empty() { "none" } else { &found };
            let text = format!("expected an LED of this name, found {found}");
            return Err(LinuxError::Pin { name: name.to_owned(), text });
        }
        let on = sysfs::number(&folder.join("max_brightness"))?.to_string();
        let trigger = folder.join("trigger");
        if trigger.exists() {
            sysfs::write(&trigger, "none")?;
        }
        Ok(ClassLed { brightness: folder.join("brightness"), on })
    }
}

impl ErrorType for ClassLed {
    type Error = PinFault;
}

impl OutputPin for ClassLed {
    fn set_low(&mut self) -> Result<(), PinFault> {
        sysfs::write(&self.brightness, "0").map_err(PinFault)
    }

    fn set_high(&mut self) -> Result<(), PinFault> {
        sysfs::write(&self.brightness, &self.on).map_err(PinFault)
    }
}

/// An output that is on or off. It writes only what changes.
pub struct Lamp {
    name: String,
    set: Box<dyn FnMut(PinState) -> Result<(), String>>,
    inverted: bool,
    shown: Option<bool>,
}

impl Lamp {
    /// The pin of that name, off.
    ///
    /// # Errors
    /// There is none, or it cannot be set.
    pub fn open(roots: &Roots, pin: &PinName) -> Result<Lamp, LinuxError> {
        let mut lamp = match pin {
            PinName::Led { name, inverted } => Lamp::new(pin.to_string(), ClassLed::open(roots, name)?, *inverted),
            PinName::Line { chip, line, inverted } => {
                let line = request(&roots.dev.join(chip), *line, LineRequestFlags::OUTPUT, u8::from(*inverted));
                let fault = |text| LinuxError::Pin { name: pin.to_string(), text };
                let line =
                    line.and_then(|line| CdevPin::new(line).map_err(|error| error.to_string())).map_err(fault)?;
                Lamp::new(pin.to_string(), line, *inverted)
            }
        };
        lamp.show(false)?;
        Ok(lamp)
    }

    /// Any output pin.
    pub fn new<P>(name: String, mut pin: P, inverted: bool) -> Lamp
    where
        P: OutputPin + 'static,
        P::Error: fmt::Debug,
    {
        let set = move |state| pin.set_state(state).map_err(|error| format!("{error:?}"));
        Lamp { name, set: Box::new(set), inverted, shown: None }
    }

    /// Whether it was last turned on.
    pub fn is_on(&self) -> bool {
        self.shown == Some(true)
    }

    /// Turns it on or off.
    ///
    /// # Errors
    /// The pin refuses.
    pub fn show(&mut self, on: bool) -> Result<(), LinuxError> {
        if self.shown == Some(on) {
            return Ok(());
        }
        (self.set)(PinState::from(on != self.inverted))
            .map_err(|text| LinuxError::Pin { name: self.name.clone(), text })?;
        self.shown = Some(on);
        Ok(())
    }
}

/// A button. A press is reported once, when two looks in a row saw it down: looks are 10 ms or more apart, longer than
/// a contact bounces.
pub struct Button {
    name: String,
    is_high: Box<dyn FnMut() -> Result<bool, String>>,
    inverted: bool,
    /// Looks in a row that saw it down.
    down: u32,
}

impl Button {
    /// The pin of that name.
    ///
    /// # Errors
    /// It is an LED, or there is no such line.
    pub fn open(roots: &Roots, pin: &PinName) -> Result<Button, LinuxError> {
        let fault = |text| LinuxError::Pin { name: pin.to_string(), text };
        let PinName::Line { chip, line, inverted } = pin else {
            return Err(fault("expected gpiochipN:LINE, found the name of an LED; a button is a line".to_owned()));
        };
        let line = request(&roots.dev.join(chip), *line, LineRequestFlags::INPUT, 0);
        let line = line.and_then(|line| CdevPin::new(line).map_err(|error| error.to_string())).map_err(fault)?;
        Ok(Button::new(pin.to_string(), line, *inverted))
    }

    /// Any input pin.
    pub fn new<P>(name: String, mut pin: P, inverted: bool) -> Button
    where
        P: InputPin + 'static,
        P::Error: fmt::Debug,
    {
        let is_high = move || pin.is_high().map_err(|error| format!("{error:?}"));
        Button { name, is_high: Box::new(is_high), inverted, down: 0 }
    }

    /// Looks, and gives whether it was pressed since it was last up.
    ///
    /// # Errors
    /// The pin cannot be read.
    pub fn look(&mut self) -> Result<bool, LinuxError> {
        let high = (self.is_high)().map_err(|text| LinuxError::Pin { name: self.name.clone(), text })?;
        self.down = if high != self.inverted { self.down.saturating_add(1) } else { 0 };
        Ok(self.down == 2)
    }
}

fn request(chip: &Path, line: u32, flags: LineRequestFlags, value: u8) -> Result<LineHandle, String> {
    let on_chip = |error: linux_embedded_hal::gpio_cdev::Error| format!("{}: {error}", chip.display());
    let line = Chip::new(chip).and_then(|mut chip| chip.get_line(line)).map_err(on_chip)?;
    line.request(flags, value, CONSUMER).map_err(on_chip)
}
