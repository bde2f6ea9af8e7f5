#pragma once

#include <string>
#include <vector>

namespace vitrine::cli {

// What one run of a load came to.
struct BenchPoint {
  std::string label{};          // What it was: "8 in flight", "500 a second".
  double calls_per_second = 0;  // 0: of one call there is none.
  double p50_us = 0;
  double p99_us = 0;
};

// A page of SVG on its own: latencies, on a scale of powers of ten, against throughput, a line for
// the median and one for the 99th percentile, a mark a run. REQUIRES: a point, and every latency
// above 0.
std::string BenchChart(const std::string& title, const std::vector<BenchPoint>& points);

}  // namespace vitrine::cli
