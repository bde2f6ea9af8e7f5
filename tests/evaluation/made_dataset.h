#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "vitrine/evaluation/split.h"

namespace vitrine::testing {

struct Touch {
  std::uint32_t item = 0;
  Micros time_us = 0;
  float weight = 1;
};

// A history for each user, "user-0" and on, of items "item-0" and on.
inline Dataset MakeDataset(std::size_t num_items, const std::vector<std::vector<Touch>>& users) {
  Dataset dataset;
  for (std::size_t row = 0; row < num_items; ++row) {
    dataset.item_ids.push_back("item-" + std::to_string(row));
  }
  dataset.items.resize(num_items);
  for (const auto& touches : users) {
    dataset.user_ids.push_back("user-" + std::to_string(dataset.user_ids.size()));
    for (const Touch& touch : touches) {
      dataset.interactions.push_back(
          {.time_us = touch.time_us, .item = ItemIndex{touch.item}, .weight = touch.weight});
    }
    dataset.user_begin.push_back(dataset.interactions.size());
  }
  return dataset;
}

inline std::vector<std::uint32_t> Items(std::span<const Interaction> interactions) {
  std::vector<std::uint32_t> rows;
  for (const Interaction& each : interactions) {
    rows.push_back(static_cast<std::uint32_t>(each.item));
  }
  return rows;
}

// The first case of the user with that row of the train part; null without any.
inline const TestCase* CaseOf(const Split& split, std::uint64_t training_user) {
  const auto found =
      std::find_if(split.cases.begin(), split.cases.end(),
                   [=](const TestCase& test) { return test.training_user == training_user; });
  return found == split.cases.end() ? nullptr : &*found;
}

// What is relevant to that case, if there is one.
inline std::vector<std::uint32_t> AnswersOf(const Split& split, std::uint64_t training_user) {
  const TestCase* test = CaseOf(split, training_user);
  std::vector<std::uint32_t> rows;
  if (test == nullptr) return rows;
  for (const ItemIndex item : test->relevant) rows.push_back(static_cast<std::uint32_t>(item));
  return rows;
}

}  // namespace vitrine::testing
