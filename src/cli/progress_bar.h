#pragma once

#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "vitrine/base/clock.h"
#include "vitrine/training/trainer.h"

namespace vitrine::cli {

// How long something still takes, at the pace so far.
class Pace {
 public:
  // `fraction` of it is done at `now_us`; one that is less than before is of something new. Below
  // 0: nothing can be said yet.
  double SecondsLeft(double fraction, Micros now_us);

 private:
  double begin_ = 0;
  double last_ = 2;  // More than there is, so that the first begins something.
  Micros begin_us_ = 0;
};

// One line on standard error that shows how far long work has come, and how long it still takes;
// silent unless standard error is a terminal. Not thread-safe.
class ProgressBar {
 public:
  ProgressBar();
  // Draws to `out`, which must outlive it, lines of at most `width` characters; 0: none.
  ProgressBar(std::FILE* out, std::size_t width);
  ~ProgressBar();  // Removes the line.
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // Redraws at most ten times a second. `fraction` is 0 to 1; below 0: unknown, only `what` shows.
  void Show(std::string_view what, double fraction);

  // `context`, whose networks show their epochs and losses while they learn, in the place of the
  // bar. This must outlive it.
  TrainingContext Follow(TrainingContext context);

 private:
  std::string Line(double fraction, double seconds_left, Micros now_us) const;

  std::FILE* const out_;
  const std::size_t width_;
  Micros drawn_us_ = 0;  // 0: never.
  bool is_due_ = false;  // What is new is to be seen at once.
  Micros started_us_ = 0;
  std::string stage_;
  Pace pace_;
  std::optional<nn::TrainingProgress> network_;  // That learns in this stage.
};

}  // namespace vitrine::cli
