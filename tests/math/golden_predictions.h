#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace vitrine::testing {

// data/classification/cases.txt and golden.txt; what is in them: make_golden.py beside them.
struct GoldenPredictions {
  std::vector<std::uint8_t> is_positive{};
  std::vector<double> probabilities{};
  std::map<std::string, std::vector<std::vector<double>>> lines{};  // By word, in order.
};

inline GoldenPredictions ReadGoldenPredictions() {
  const std::string folder = VITRINE_TEST_DATA "/classification/";
  GoldenPredictions golden;
  std::ifstream cases(folder + "cases.txt");
  int label = 0;
  for (double probability = 0; cases >> label >> probability;) {
    golden.is_positive.push_back(static_cast<std::uint8_t>(label));
    golden.probabilities.push_back(probability);
  }
  std::ifstream numbers(folder + "golden.txt");
  for (std::string line; std::getline(numbers, line);) {
    std::istringstream words(line);
    std::string name;
    words >> name;
    std::vector<double>& values = golden.lines[name].emplace_back();
    for (std::string word; words >> word;) values.push_back(std::strtod(word.c_str(), nullptr));
  }
  EXPECT_EQ(golden.is_positive.size(), 200U) << "is data/classification there?";
  return golden;
}

}  // namespace vitrine::testing
