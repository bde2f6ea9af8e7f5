#pragma once

#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "vitrine/math/k_means.h"

namespace vitrine::testing {

// data/insight/points.txt and clusters_golden.txt; what is in them: make_clusters.py beside them.
struct GoldenPoints {
  PointMatrix points{};
  std::vector<std::uint32_t> made_in{};
  std::vector<std::uint32_t> guess{};
  std::map<std::string, double> numbers{};
  PointMatrix centres{};
};

inline GoldenPoints ReadGoldenPoints() {
  const std::string folder = std::string(VITRINE_TEST_DATA) + "/insight/";
  GoldenPoints golden;
  std::vector<double> values;
  std::ifstream points(folder + "points.txt");
  double x = 0, y = 0, z = 0;
  for (std::uint32_t a = 0, b = 0; points >> x >> y >> z >> a >> b;) {
    values.insert(values.end(), {x, y, z});
    golden.made_in.push_back(a);
    golden.guess.push_back(b);
  }
  const auto rows_of = [](const std::vector<double>& flat) {
    return PointMatrix(
        Eigen::Map<const PointMatrix>(flat.data(), static_cast<Eigen::Index>(flat.size() / 3), 3));
  };
  golden.points = rows_of(values);
  std::ifstream numbers(folder + "clusters_golden.txt");
  std::vector<double> centres;
  for (std::string line; std::getline(numbers, line);) {
    std::istringstream words(line);
    std::string name;
    words >> name;
    if (name == "centre") {
      words >> x >> y >> z;
      centres.insert(centres.end(), {x, y, z});
    } else {
      words >> golden.numbers[name];
    }
  }
  golden.centres = rows_of(centres);
  return golden;
}

}  // namespace vitrine::testing
