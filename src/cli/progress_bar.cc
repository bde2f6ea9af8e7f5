#include "cli/progress_bar.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "absl/strings/str_format.h"
#include "vitrine/nn/training_loop.h"

namespace vitrine::cli {
namespace {

constexpr int kWidth = 30;
constexpr Micros kRedrawUs = kMicrosPerSecond / 10;
constexpr std::size_t kUsualColumns = 80;

// 0: standard error is no terminal.
std::size_t TerminalWidth() {
  if (isatty(STDERR_FILENO) == 0) return 0;
  winsize size{};
  const bool is_known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return is_known ? size.ws_col : kUsualColumns;
}

}  // namespace

double Pace::SecondsLeft(double fraction, Micros now_us) {
  if (fraction < last_) {
    begin_ = fraction;
    begin_us_ = now_us;
  }
  last_ = fraction;
  const double done = fraction - begin_;
  if (done <= 0) return -1;
  const double seconds = static_cast<double>(now_us - begin_us_) / kMicrosPerSecond;
  return seconds * (1 - fraction) / done;
}

ProgressBar::ProgressBar() : ProgressBar(stderr, TerminalWidth()) {}

ProgressBar::ProgressBar(std::FILE* out, std::size_t width)
    : out_(out), width_(width), started_us_(MonotonicNow()) {}

ProgressBar::~ProgressBar() {
  if (width_ > 0 && drawn_us_ != 0) std::fputs("\r\033[K", out_);
}

void ProgressBar::Show(std::string_view what, double fraction) {
  if (width_ == 0) return;
  const Micros now_us = MonotonicNow();
  const double seconds_left = fraction < 0 ? -1 : pace_.SecondsLeft(fraction, now_us);
  const bool is_new_stage = what != stage_;
  if (is_new_stage) network_.reset();
  if (!is_new_stage && !is_due_ && now_us - drawn_us_ < kRedrawUs) return;
  is_due_ = false;
  stage_ = what;
  drawn_us_ = now_us;
  // A line that wraps would stay.
  const std::string line = Line(fraction, seconds_left, now_us).substr(0, width_);
  std::fputs(("\r\033[K" + line).c_str(), out_);
  std::fflush(out_);
}

std::string ProgressBar::Line(double fraction, double seconds_left, Micros now_us) const {
  std::string line = stage_;
  if (fraction >= 0 && network_.has_value()) {
    return absl::StrFormat("%s %.0f %%: %s", stage_, 100 * fraction, nn::FormatProgress(*network_));
  }
  if (fraction >= 0) {
    const int filled = static_cast<int>(std::clamp(fraction, 0.0, 1.0) * kWidth);
    line += absl::StrFormat(" [%s%s] %3.0f %%", std::string(static_cast<std::size_t>(filled), '#'),
                            std::string(static_cast<std::size_t>(kWidth - filled), '.'),
                            100 * fraction);
  }
  line += absl::StrFormat("  %d s", (now_us - started_us_) / kMicrosPerSecond);
  if (seconds_left >= 0) line += absl::StrFormat(", %.0f s left", seconds_left);
  return line;
}

TrainingContext ProgressBar::Follow(TrainingContext context) {
  context.networks.on_progress = [this](const nn::TrainingProgress& at) {
    if (!network_.has_value()) is_due_ = true;
    network_ = at;
  };
  return context;
}

}  // namespace vitrine::cli
