#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace vitrine {

// Whether the time of one request is up, and whether anything was left out of its answer for that.
// Of one thread. The functions must outlive it; empty ones are never true, and nobody knows what is
// left.
class Lateness {
 public:
  Lateness(const std::function<bool()>& is_late,
           const std::function<std::chrono::nanoseconds()>& time_left,
           const std::function<bool()>& is_gone)
      : is_late_(is_late), time_left_(time_left), is_gone_(is_gone) {}

  // Nobody will ask: there is no need to.
  bool can_be_late() const { return is_late_ || is_gone_; }

  // Whether the work that comes next has to be left out. Ask where it then is, and nowhere else:
  // the answer remembers. Once true it stays so.
  bool LeavesOut() {
    is_over_ = is_over_ || IsAbandoned() || (is_late_ && is_late_());
    return is_over_;
  }

  // Empty: nobody knows.
  const std::function<std::chrono::nanoseconds()>& time_left() const { return time_left_; }

  // That the model says less in the answer than it could. Its name must outlive this.
  void NoteLeftOut(std::string_view model) {
    if (std::find(left_out_.begin(), left_out_.end(), model) == left_out_.end()) {
      left_out_.push_back(model);
    }
  }
  std::span<const std::string_view> models_left_out() const { return left_out_; }

  void NoteNoReasons() { lacks_reasons_ = true; }

  // Whether the time was up before the work was done.
  bool is_over() const { return is_over_; }
  // Whether anything was left out, be it for what it would have taken.
  bool was_late() const { return is_over_ || lacks_reasons_ || !left_out_.empty(); }

  // Whether nobody waits for the answer any more.
  bool IsAbandoned() const { return is_gone_ && is_gone_(); }

  // CANCELLED where nobody does.
  absl::Status CheckCaller() const {
    return IsAbandoned() ? absl::CancelledError("the caller has gone") : absl::OkStatus();
  }

 private:
  const std::function<bool()>& is_late_;
  const std::function<std::chrono::nanoseconds()>& time_left_;
  const std::function<bool()>& is_gone_;
  bool is_over_ = false;
  bool lacks_reasons_ = false;
  std::vector<std::string_view> left_out_;  // Each once.
};

}  // namespace vitrine
