//! Numbers and times as the page says them (`www/views/shared/format.js`).

use crate::protocol::{EpochResult, Evaluation, KeptEpoch, Progress, Stage, WeightsKind};

/// 122,570.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut said = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            said.push(',');
        }
        said.push(digit);
    }
    said
}

/// 1 image; 5,000 images.
pub fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(number))
}

/// How long something takes, roughly.
pub fn duration(seconds: f64) -> String {
    match seconds {
        s if !s.is_finite() || s < 0.0 => "–".into(),
        s if s < 1.0 => "under 1 s".into(),
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5_400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3_600.0),
    }
}

/// Two digits where they say something.
fn short(number: f64) -> String {
    let decimals = usize::from(number < 10.0);
    format!("{number:.decimals$}")
}

/// A share of all: 61.2 %.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// The tutorial's log line of an epoch.
pub fn log_line(row: &EpochResult, epochs: u32) -> String {
    let lr = row.lr.map(|lr| format!(" — lr: {lr:.1e}"));
    let averaged = by_averaged(row.weights);
    format!(
        "Epoch {}/{epochs} — {} s — {} ms/step — accuracy: {:.4} — loss: {:.4} — val_accuracy: {:.4} — val_loss: {:.4}{averaged}{}",
        row.epoch,
        short(row.seconds),
        short(row.step_ms),
        row.accuracy,
        row.loss,
        row.val_accuracy,
        row.val_loss,
        lr.unwrap_or_default(),
    )
}

/// Which weights figures are of, where they are not the last step's.
pub fn by_averaged(weights: Option<WeightsKind>) -> &'static str {
    match weights {
        Some(WeightsKind::Averaged) => " (averaged weights)",
        Some(WeightsKind::Best) => " (the best epoch’s weights)",
        Some(WeightsKind::Last) | None => "",
    }
}

/// What a run ends with, where that is its best epoch.
pub fn kept_line(kept: KeptEpoch, evaluation: Option<&Evaluation>) -> String {
    let early = match kept.stopped_early {
        true => "Stopped early: no later epoch had a smaller loss on held-out images. ",
        false => "",
    };
    let measured = evaluation.map(|found| {
        let Evaluation { accuracy, loss, .. } = found;
        format!(" On the test images — accuracy: {accuracy:.4} — loss: {loss:.4}")
    });
    let measured = measured.unwrap_or_default();
    format!(
        "{early}The weights are those after epoch {}.{measured}",
        kept.epoch
    )
}

/// Where a run stands within an epoch: the figures alone.
pub fn figures(progress: &Progress) -> String {
    let doing = match progress.stage {
        Stage::Training => "",
        Stage::Validating => " — validating",
    };
    format!(
        "loss: {:.4} — accuracy: {:.4} — {} images/s — {} left{doing}",
        progress.loss,
        progress.accuracy,
        count(progress.images_per_second.round() as u64),
        duration(progress.run_eta_s),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_separators_and_times_a_unit() {
        assert_eq!(
            [0, 12, 999, 1_000, 122_570, 1_234_567].map(count),
            ["0", "12", "999", "1,000", "122,570", "1,234,567"]
        );
        assert_eq!(counted(1, "image"), "1 image");
        assert_eq!(counted(5_000, "image"), "5,000 images");
        let said = [0.3, 89.0, 90.0, 5_400.0, f64::NAN].map(duration);
        assert_eq!(said, ["under 1 s", "89 s", "2 min", "1.5 h", "–"]);
        assert_eq!(percent(0.6123), "61.2 %");
    }

    #[test]
    fn an_epoch_is_logged_as_on_the_page() {
        let row = EpochResult {
            epoch: 3,
            loss: 1.234_56,
            accuracy: 0.5,
            val_loss: 1.3,
            val_accuracy: 0.411,
            seconds: 12.4,
            step_ms: 7.96,
            lr: None,
            weights: None,
        };
        let said = "Epoch 3/10 — 12 s — 8.0 ms/step — accuracy: 0.5000 — loss: 1.2346 — val_accuracy: 0.4110 — val_loss: 1.3000";
        assert_eq!(log_line(&row, 10), said);
        let row = EpochResult {
            lr: Some(0.003),
            weights: Some(WeightsKind::Averaged),
            ..row
        };
        let more = " (averaged weights) — lr: 3.0e-3";
        assert_eq!(log_line(&row, 10), said.to_owned() + more);
    }
}
