#include "cli/progress_bar.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "absl/strings/str_format.h"

namespace vitrine::cli {
namespace {

constexpr int kWidth = 30;
constexpr Micros kRedrawUs = kMicrosPerSecond / 10;

}  // namespace

ProgressBar::ProgressBar() : is_shown_(isatty(STDERR_FILENO) != 0), started_us_(MonotonicNow()) {}

ProgressBar::~ProgressBar() {
  if (is_shown_ && drawn_us_ != 0) std::fputs("\r\033[K", stderr);
}

void ProgressBar::Show(std::string_view what, double fraction) {
  const Micros now_us = MonotonicNow();
  const bool is_new_stage = what != stage_;
  if (!is_shown_ || (!is_new_stage && now_us - drawn_us_ < kRedrawUs)) return;
  stage_ = what;
  drawn_us_ = now_us;
  std::string line = absl::StrFormat("\r\033[K%s", what);
  if (fraction >= 0) {
    const int filled = static_cast<int>(std::clamp(fraction, 0.0, 1.0) * kWidth);
    line += absl::StrFormat(" [%s%s] %3.0f %%", std::string(static_cast<std::size_t>(filled), '#'),
                            std::string(static_cast<std::size_t>(kWidth - filled), '.'),
                            100 * fraction);
  }
  line += absl::StrFormat("  %d s", (now_us - started_us_) / kMicrosPerSecond);
  std::fputs(line.c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace vitrine::cli
