//! LEDs, a button and the XADC.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod support;

use deltascope_linux::LinuxError;
use deltascope_linux::panel::{Button, Lamp, PinName};
use deltascope_linux::xadc::{Health, Supply};
use embedded_hal::digital::{ErrorKind, ErrorType, InputPin, OutputPin};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use support::Fake;

/// A pin that records the levels that it is given, or plays what it was given; it fails when there is nothing to play.
#[derive(Clone, Default)]
struct FakePin {
    written: Rc<RefCell<Vec<bool>>>,
    levels: Rc<RefCell<VecDeque<bool>>>,
}

impl ErrorType for FakePin {
    type Error = ErrorKind;
}

impl OutputPin for FakePin {
    fn set_low(&mut self) -> Result<(), ErrorKind> {
        self.written.borrow_mut().push(false);
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), ErrorKind> {
        self.written.borrow_mut().push(true);
        Ok(())
    }
}

impl InputPin for FakePin {
    fn is_high(&mut self) -> Result<bool, ErrorKind> {
        self.levels.borrow_mut().pop_front().ok_or(ErrorKind::Other)
    }

    fn is_low(&mut self) -> Result<bool, ErrorKind> {
        self.is_high().map(|high| !high)
    }
}

#[test]
fn names_of_pins_are_taken_apart_and_bad_ones_refused() {
    let line = |line, inverted| PinName::Line { chip: "gpiochip0".to_owned(), line, inverted };
    assert_eq!("gpiochip0:50".parse(), Ok(line(50, false)));
    assert_eq!("!gpiochip0:7".parse(), Ok(line(7, true)));
    let led = PinName::Led { name: "board:green:status".to_owned(), inverted: false };
    assert_eq!("board:green:status".parse(), Ok(led));
    for name in ["", "!", "..", "../../dev/sda", "gpiochip0:", "gpiochip0:x", "gpiochip0:-1", "gpiochip0:1:2"] {
        assert!(name.parse::<PinName>().is_err(), "{name}");
    }
    for name in ["!gpiochip0:7", "status"] {
        assert_eq!(name.parse::<PinName>().unwrap().to_string(), name);
    }
}

#[test]
fn a_lamp_is_written_when_it_changes_and_only_then() {
    let pin = FakePin::default();
    let mut lamp = Lamp::new("lamp".to_owned(), pin.clone(), true);
    for on in [false, true, true, false, false] {
        lamp.show(on).unwrap();
    }
    assert_eq!(*pin.written.borrow(), [true, false, true], "low is on");
}

#[test]
fn an_led_is_taken_from_its_trigger_and_shows_its_full_brightness() {
    let fake = Fake::empty();
    let name: PinName = "status".parse().unwrap();
    let text = Lamp::open(&fake.roots, &name).err().unwrap().to_string();
    assert!(text.contains("found none"), "{text}");
    fake.sys("class/leds/status/max_brightness", "255\n");
    fake.sys("class/leds/status/brightness", "17");
    fake.sys("class/leds/status/trigger", "none mmc0 [heartbeat]");
    let mut lamp = Lamp::open(&fake.roots, &name).unwrap();
    assert_eq!(fake.read_sys("class/leds/status/trigger"), "none");
    assert_eq!(fake.read_sys("class/leds/status/brightness"), "0");
    lamp.show(true).unwrap();
    assert_eq!(fake.read_sys("class/leds/status/brightness"), "255");
    let text = Lamp::open(&fake.roots, &"other".parse().unwrap()).err().unwrap().to_string();
    assert!(text.contains("found status"), "{text}");
    fake.remove_sys("class/leds/status");
    assert!(matches!(lamp.show(false), Err(LinuxError::Pin { .. })));
}

#[test]
fn a_line_that_is_not_there_is_an_error() {
    let fake = Fake::empty();
    let line: PinName = "gpiochip9:1".parse().unwrap();
    assert!(Lamp::open(&fake.roots, &line).err().unwrap().to_string().contains("gpiochip9"));
    assert!(Button::open(&fake.roots, &line).err().unwrap().to_string().contains("gpiochip9"));
    std::fs::write(fake.roots.dev.join("gpiochip9"), "no device").unwrap();
    assert!(Button::open(&fake.roots, &line).is_err());
    let led = "status".parse().unwrap();
    assert!(Button::open(&fake.roots, &led).err().unwrap().to_string().contains("a button is a line"));
}

#[test]
fn a_press_is_reported_once_and_a_bounce_is_not() {
    let pin = FakePin::default();
    let levels = [false, true, false, true, true, true, true, false, true, true];
    pin.levels.borrow_mut().extend(levels);
    let mut button = Button::new("button".to_owned(), pin, false);
    let presses: Vec<bool> = levels.iter().map(|_| button.look().unwrap()).collect();
    assert_eq!(presses, [false, false, false, false, true, false, false, false, false, true]);
    assert!(matches!(button.look(), Err(LinuxError::Pin { .. })), "the pin fails now");
}

/// Raw values and scales of a real part's order of magnitude.
fn with_xadc() -> Fake {
    let fake = Fake::empty();
    fake.sys("bus/iio/devices/iio:device0/name", "other\n");
    let file = |name: &str, text: &str| fake.sys(&format!("bus/iio/devices/iio:device1/{name}"), text);
    file("name", "xadc\n");
    file("in_temp0_raw", "2600\n");
    file("in_temp0_offset", "-2219\n");
    file("in_temp0_scale", "123.040771484\n");
    file("in_voltage1_vccaux_raw", "2460\n");
    file("in_voltage1_vccaux_scale", "0.732421875\n");
    file("in_voltage0_vccint_raw", "1365\n");
    file("in_voltage0_vccint_scale", "0.732421875\n");
    file("in_voltage_sampling_frequency", "1\n");
    file("in_voltage8_raw", "5\n");
    fake
}

#[test]
fn temperature_and_voltages_are_read_in_degrees_and_volts() {
    let fake = with_xadc();
    let health = Health::read(&fake.roots).unwrap().unwrap();
    assert!((health.celsius - 46.878_533_9).abs() < 1e-6, "{health:?}");
    let names: Vec<&str> = health.supplies.iter().map(|supply| supply.name.as_str()).collect();
    assert_eq!(names, ["vccint", "vccaux"]);
    assert!((health.supplies[0].volts - 0.999_755_859).abs() < 1e-6, "{health:?}");
    assert!((health.supplies[1].volts - 1.801_757_812).abs() < 1e-6, "{health:?}");
    assert_eq!(health.complaints(), Vec::<String>::new());
}

#[test]
fn what_is_outside_its_limits_is_said() {
    let supply = |name: &str, volts| Supply { name: name.to_owned(), volts };
    let supplies = vec![supply("vccint", 0.9), supply("vccaux", 1.9), supply("vccoddr", 9.0)];
    let complaints = Health { celsius: 86.0, supplies }.complaints();
    assert_eq!(complaints.len(), 3, "{complaints:?}");
    assert!(complaints[0].contains("86.0") && complaints[1].contains("0.900") && complaints[2].contains("1.900"));
}

#[test]
fn a_machine_without_an_xadc_has_no_health_and_a_broken_one_is_an_error() {
    assert_eq!(Health::read(&Fake::empty().roots).unwrap(), None);
    for (file, text) in [("in_temp0_raw", "warm"), ("in_voltage0_vccint_raw", "NaN"), ("in_temp0_scale", "inf")] {
        let fake = with_xadc();
        fake.sys(&format!("bus/iio/devices/iio:device1/{file}"), text);
        assert!(matches!(Health::read(&fake.roots), Err(LinuxError::Parse { .. })), "{file}");
    }
    let fake = with_xadc();
    fake.remove_sys("bus/iio/devices/iio:device1/in_voltage1_vccaux_scale");
    assert!(matches!(Health::read(&fake.roots), Err(LinuxError::Read { .. })));
}
