#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "prometheus/metric_family.h"

namespace vitrine {

// Plain HTTP for whoever watches the server: /metrics in Prometheus' text form, /healthz (200 while
// the process lives) and /readyz (200 once requests are answered, else 503 and why). It has threads
// of its own, so that a server whose requests wait is still seen. Thread-safe.
class StatusPages {
 public:
  struct Sources {
    std::function<std::vector<prometheus::MetricFamily>()> metrics{};
    std::function<absl::Status()> readiness{};
  };

  // Listens on `address`, "host:port"; port 0 takes a free one. Answers until it is destroyed.
  //
  // Errors: INVALID_ARGUMENT the address has no port; UNAVAILABLE it cannot be bound.
  static absl::StatusOr<std::unique_ptr<StatusPages>> Start(const std::string& address,
                                                            Sources sources);
  ~StatusPages();

  int port() const;

 private:
  struct State;
  explicit StatusPages(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace vitrine
