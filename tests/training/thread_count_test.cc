// The settings of networks that change what is computed, each at several numbers of threads; what
// every trainer does by its defaults is in trainer_contract_test.cc.
#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

#include "scorers/sample_shop.h"
#include "training/bytes_by_threads.h"
#include "vitrine/training/trainer.h"

namespace vitrine {
namespace {

using testing::BytesByThreads;
using ::testing::Each;

constexpr std::size_t kItems = 300;
constexpr std::size_t kUsers = 120;
constexpr std::size_t kSteps = 12;

// Large enough that a step of 120 shoppers is cut into several shards.
Dataset Walks() {
  Random random(11);
  Dataset shop;
  for (std::size_t item = 0; item < kItems; ++item) {
    shop.item_ids.push_back("item" + std::to_string(item));
    shop.items.push_back(std::make_shared<const Item>(testing::DescribeShopItem(item)));
  }
  for (std::size_t user = 0; user < kUsers; ++user) {
    shop.user_ids.push_back("user" + std::to_string(user));
    std::size_t item = random.Below(kItems);
    for (std::size_t step = 0; step < kSteps; ++step) {
      const auto hours = static_cast<Micros>(24 * step + random.Below(20));
      shop.interactions.push_back(
          {.time_us = (1 + hours) * 60 * kMicrosPerMinute,
           .item = testing::ItemNumber(item),
           .weight = 1,
           .type = step % 3 == 0 ? EventType::kAddToCart : EventType::kDetailPageView});
      item = (item + 1 + random.Below(5)) % kItems;
    }
    shop.user_begin.push_back(shop.interactions.size());
  }
  shop.now_us = 30 * kMicrosPerDay;
  SetFingerprint(shop);
  return shop;
}

struct ThreadCase {
  std::string name{};
  std::string trainer{};
  Settings settings{};
};

class ThreadCountTest : public ::testing::TestWithParam<ThreadCase> {};

TEST_P(ThreadCountTest, ChangesNoBit) {
  Settings settings = GetParam().settings;
  settings.merge(Settings{{"dimensions", "64"}, {"epochs", "2"}, {"batch", "120"}});

  const std::vector<std::string> bytes =
      BytesByThreads(*FindTrainer(GetParam().trainer), settings, Walks());

  EXPECT_THAT(bytes, Each(bytes.front()));
}

std::vector<ThreadCase> Cases() {
  const std::string rnn = "sequence_rnn";
  const std::string transformer = "sequence_transformer";
  const std::string tower = "two_tower";
  // Each step of a history is a target of its own: ten times as much to learn from.
  const Settings prefixes = {{"use_prefixes", "true"}, {"dimensions", "32"}, {"epochs", "1"}};
  Settings bert_prefixes = prefixes;
  bert_prefixes["block"] = "bert";
  Settings bsarec_prefixes = prefixes;
  bsarec_prefixes["block"] = "bsarec";
  Settings sampled_prefixes = prefixes;
  sampled_prefixes["negatives"] = "50";
  return {{"rnn_sampled", rnn, {{"negatives", "50"}}},
          {"rnn_lstm", rnn, {{"cell", "lstm"}}},
          {"rnn_temperature", rnn, {{"temperature", "0.1"}}},
          {"rnn_sampled_temperature", rnn, {{"negatives", "50"}, {"temperature", "0.1"}}},
          {"rnn_sampled_prefixes", rnn, sampled_prefixes},
          {"transformer_sampled", transformer, {{"negatives", "50"}}},
          {"transformer_temperature", transformer, {{"temperature", "0.1"}}},
          {"transformer_bert_prefixes", transformer, bert_prefixes},
          {"transformer_bsarec_prefixes", transformer, bsarec_prefixes},
          {"tower_sampled", tower, {{"softmax", "sampled"}, {"negatives", "50"}}},
          {"tower_in_batch", tower, {{"softmax", "in_batch"}}},
          {"tower_validated", tower, {{"held_out_share", "1"}}}};
}

INSTANTIATE_TEST_SUITE_P(Networks, ThreadCountTest, ::testing::ValuesIn(Cases()),
                         [](const ::testing::TestParamInfo<ThreadCase>& test) {
                           return test.param.name;
                         });

}  // namespace
}  // namespace vitrine
