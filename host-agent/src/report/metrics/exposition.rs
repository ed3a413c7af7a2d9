//! Metric families in the text format of Prometheus, version 0.0.4, which node_exporter's textfile collector reads too.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet, prometheus_text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

/// Labels of a sample, in their order.
pub type Labels = Vec<(&'static str, String)>;

/// The value of a sample. Numbers of events and bytes stay whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// A number of something.
    Whole(u64),
    /// A measure.
    Real(f64),
}

impl From<u64> for Value {
    fn from(value: u64) -> Value {
        Value::Whole(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Value {
        Value::Real(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Value {
        Value::Whole(value.into())
    }
}

/// One metric with its samples.
#[derive(Clone, Debug)]
struct Family {
    name: String,
    help: &'static str,
    kind: MetricType,
    samples: Vec<(Labels, Value)>,
}

/// Metrics in the order in which they are shown.
#[derive(Clone, Debug, Default)]
pub struct Families(Vec<Family>);

impl Families {
    /// Adds a counter; its name gets the ending `_total`. A metric without a sample is left out.
    pub fn counters(&mut self, name: impl Into<String>, help: &'static str, samples: Vec<(Labels, Value)>) {
        self.add(name.into(), help, MetricType::Counter, samples);
    }

    /// Adds a gauge. A metric without a sample is left out.
    pub fn gauges(&mut self, name: impl Into<String>, help: &'static str, samples: Vec<(Labels, Value)>) {
        self.add(name.into(), help, MetricType::Gauge, samples);
    }

    /// Adds a counter without labels.
    pub fn counter(&mut self, name: &str, help: &'static str, value: impl Into<Value>) {
        self.counters(name, help, vec![(Vec::new(), value.into())]);
    }

    /// Adds a gauge without labels.
    pub fn gauge(&mut self, name: &str, help: &'static str, value: impl Into<Value>) {
        self.gauges(name, help, vec![(Vec::new(), value.into())]);
    }

    fn add(&mut self, name: String, help: &'static str, kind: MetricType, samples: Vec<(Labels, Value)>) {
        if !samples.is_empty() {
            self.0.push(Family { name, help, kind, samples });
        }
    }

    /// Returns the text.
    pub fn text(self) -> String {
        let (mut registry, mut text) = (Registry::default(), String::new());
        registry.register_collector(Box::new(self));
        // Writing to a String cannot fail.
        let _ = prometheus_text::encode(&mut text, &registry);
        text
    }
}

impl Collector for Families {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        for Family { name, help, kind, samples } in &self.0 {
            let mut metric = encoder.encode_descriptor(name, help, None, *kind)?;
            for (labels, value) in samples {
                let mut sample = metric.encode_family(labels)?;
                match (kind, value) {
                    (MetricType::Counter, Value::Whole(value)) => {
                        sample.encode_counter::<NoLabelSet, _, u64>(value, None)?
                    }
                    (MetricType::Counter, Value::Real(value)) => {
                        sample.encode_counter::<NoLabelSet, _, u64>(value, None)?
                    }
                    (_, Value::Whole(value)) => sample.encode_gauge(value)?,
                    (_, Value::Real(value)) => sample.encode_gauge(value)?,
                }
            }
        }
        Ok(())
    }
}
