#pragma once

#include <string>
#include <string_view>

#include "vitrine/base/clock.h"

namespace vitrine::cli {

// One line on standard error that shows how far long work has come; silent unless standard error is
// a terminal. Not thread-safe.
class ProgressBar {
 public:
  ProgressBar();
  ~ProgressBar();  // Removes the line.
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // Redraws at most ten times a second. `fraction` is 0 to 1; below 0: unknown, only `what` shows.
  void Show(std::string_view what, double fraction);

 private:
  const bool is_shown_;
  Micros drawn_us_ = 0;
  Micros started_us_ = 0;
  std::string stage_;
};

}  // namespace vitrine::cli
