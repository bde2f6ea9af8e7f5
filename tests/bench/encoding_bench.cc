// Times what one thread takes to encode one shopper of 50 steps, for every model that makes a
// vector of a history, and to predict a purchase from a visit of 32 events. "And reasons": the
// sequence models then explain a list of 20 as a request does.
//
//   encoding_bench
//
// Histories are drawn from a made-up shop of 30,000 shoppers and 40,000 items. How well a network
// is trained does not matter: sequence models and the purchase predictor have their first, random
// weights, in their default shapes and in those of the documented best settings; the others are
// trained for an epoch. "At work" is the processor's time, whatever else ran beside.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "bench/made_up_shop.h"
#include "bench/measuring.h"
#include "vitrine/base/random.h"
#include "vitrine/scorers/collaborative/ials.h"
#include "vitrine/scorers/collaborative/mean_factors.h"
#include "vitrine/scorers/dnn/gan_cf.h"
#include "vitrine/scorers/dnn/neural_cf.h"
#include "vitrine/scorers/dnn/next_item.h"
#include "vitrine/scorers/dnn/session_predictor.h"
#include "vitrine/scorers/dnn/two_tower.h"
#include "vitrine/training/trainer.h"

namespace vitrine {
namespace {

constexpr std::size_t kSteps = 50;
constexpr std::size_t kShoppers = 5000;

using Histories = std::vector<std::vector<Interaction>>;  // Newest first.

Histories DrawHistories(const Dataset& shop) {
  Random random(2);
  Histories histories(kShoppers);
  for (std::vector<Interaction>& history : histories) {
    for (std::size_t i = 0; i < kSteps; ++i) {
      const auto ago = static_cast<Micros>(i) * kMicrosPerDay;
      const Interaction& drawn = shop.interactions[random.Below(shop.interactions.size())];
      history.push_back({500 * kMicrosPerDay - ago, drawn.item, 1});
    }
  }
  return histories;
}

// Calls ask(0) to ask(kShoppers - 1) and prints what each took.
template <typename Ask>
void Time(const std::string& name, const Ask& ask) {
  std::vector<double> micros;      // That passed,
  std::vector<double> own_micros;  // and that this process was at work.
  for (std::size_t shopper = 0; shopper < kShoppers; ++shopper) {
    const Micros start = MonotonicNow();
    const std::clock_t own_start = std::clock();
    ask(shopper);
    own_micros.push_back(1e6 * static_cast<double>(std::clock() - own_start) / CLOCKS_PER_SEC);
    micros.push_back(1e6 * SecondsSince(start));
  }
  std::sort(micros.begin(), micros.end());
  std::sort(own_micros.begin(), own_micros.end());
  constexpr std::size_t kP50 = kShoppers / 2;
  constexpr std::size_t kP99 = kShoppers * 99 / 100;
  std::printf("%-44s p50 %5.0f us   p99 %5.0f us   at work: p50 %5.0f us   p99 %5.0f us\n",
              name.c_str(), micros[kP50], micros[kP99], own_micros[kP50], own_micros[kP99]);
  std::fflush(stdout);
}

template <typename S>
void TimeEncoding(const std::string& name, const S& scorer, const Histories& histories) {
  Time(name, [&](std::size_t shopper) {
    const Query query{.history = histories[shopper], .now_us = 501 * kMicrosPerDay};
    scorer.UserVectors({&query, 1});
  });
}

// Of the default shape of sequence_rnn or sequence_transformer.
SequenceShape ShapeOf(SequenceKind kind) {
  const Trainer* const trainer =
      FindTrainer(kind == SequenceKind::kTransformer ? "sequence_transformer" : "sequence_rnn");
  const auto number = [trainer](const char* setting) -> std::size_t {
    const auto found = trainer->defaults.find(setting);
    return found == trainer->defaults.end() ? 1 : std::stoul(found->second);
  };
  return {.kind = kind,
          .num_items = 40'000,
          .dimensions = number("dimensions"),
          .num_layers = number("layers"),
          .num_heads = number("heads"),
          .length = number("length"),
          .has_time_gaps = true,
          .has_event_types = true};
}

void TimeSequence(const std::string& name, const SequenceShape& shape, const Histories& histories) {
  Random random(1);
  const auto scorer = NextItem::Create("sequence", SequenceNetwork(shape, 0, random));
  if (!scorer.ok()) return;
  std::string shown = name + ", d=" + std::to_string(shape.dimensions);
  shown += ", layers=" + std::to_string(shape.num_layers);
  TimeEncoding(shown, **scorer, histories);
  if (shape.counts_back) return;  // Its reasons are as many encodings as there are steps.
  std::vector<ItemIndex> list;
  for (std::uint32_t item = 0; item < 20; ++item) list.push_back(ItemIndex{item});
  Time(shown + ", and reasons", [&](std::size_t shopper) {
    QueryMemo memo;
    const Query query{.history = histories[shopper], .now_us = 501 * kMicrosPerDay, .memo = &memo};
    (*scorer)->UserVectors({&query, 1});
    (*scorer)->ExplainStrongest(query, list);
  });
}

void TimeSequences(const Histories& histories) {
  TimeSequence("sequence_rnn, GRU", ShapeOf(SequenceKind::kGru), histories);
  SequenceShape lstm = ShapeOf(SequenceKind::kLstm);
  TimeSequence("sequence_rnn, LSTM", lstm, histories);
  lstm.dimensions = 128;
  TimeSequence("sequence_rnn, LSTM", lstm, histories);
  SequenceShape transformer = ShapeOf(SequenceKind::kTransformer);
  TimeSequence("sequence_transformer", transformer, histories);
  transformer.block = BlockKind::kBert;
  transformer.counts_back = true;
  TimeSequence("sequence_transformer, bert", transformer, histories);
  transformer.block = BlockKind::kBsaRec;
  TimeSequence("sequence_transformer, bsarec", transformer, histories);
}

template <typename S>
void TimeTrained(const std::string& name, const Settings& settings, const Dataset& shop,
                 const Histories& histories, ThreadPool& pool) {
  const auto model = FindTrainer(name)->train(shop, settings, {.pool = &pool});
  if (!model.ok()) {
    std::printf("%s: %s\n", name.c_str(), model.status().ToString().c_str());
    return;
  }
  const S& scorer = static_cast<const S&>(*model->scorer);
  TimeEncoding(name, scorer, histories);
  Time(name + ", a list of 20", [&](std::size_t shopper) {
    const Query query{.history = histories[shopper], .now_us = 501 * kMicrosPerDay};
    scorer.Retrieve({&query, 1}, nullptr, 20);
  });
}

void TimePurchases() {
  const std::vector<std::string> names = PurchaseFeatureNames();
  Random random(1);
  SessionPredictor::Parts parts{.features = names};
  parts.scale.means.assign(names.size(), 0);
  parts.scale.deviations.assign(names.size(), 1);
  parts.network = SessionNetwork({.num_features = names.size()}, random);
  const auto predictor = SessionPredictor::Create(std::move(parts));
  if (!predictor.ok()) {
    std::printf("purchase_predictor: %s\n", predictor.status().ToString().c_str());
    return;
  }
  ShopperMoment moment;
  for (std::size_t i = 0; i < names.size(); ++i) {
    moment.features.push_back(static_cast<float>(10 * random.Uniform()));
  }
  for (std::size_t i = 0; i < kMaxSessionSteps; ++i) {
    moment.steps.push_back({.kind = 1, .pause = 3, .item = 1, .category = 5});
  }
  Time("purchase_predictor", [&](std::size_t) { (*predictor)->Predict({&moment, 1}); });
}

int Run() {
  const ShopShape shape;
  Random random(1);
  Dataset shop;
  for (std::size_t item = 0; item < shape.num_items; ++item) {
    shop.item_ids.push_back(std::to_string(item));
  }
  shop.items.resize(shape.num_items);
  AppendHistories(shape, random, shop);
  const Histories histories = DrawHistories(shop);
  std::printf("%s, one thread, %zu shoppers of %zu steps, %zu items\n", ProcessorName().c_str(),
              kShoppers, kSteps, shape.num_items);

  TimeSequences(histories);
  TimePurchases();
  ThreadPool pool(2);
  const auto once = [](Settings settings) {
    settings["epochs"] = "1";
    return settings;
  };
  const Settings huge_step = once({{"batch", "1000000"}, {"negatives", "1"}});
  TimeTrained<Ials>("ials", once({{"dimensions", "64"}}), shop, histories, pool);
  TimeTrained<Ials>("bpr", once({}), shop, histories, pool);
  TimeTrained<MeanFactors>("mf_contrastive", once({}), shop, histories, pool);
  TimeTrained<TwoTower>("two_tower", once({{"softmax", "in_batch"}}), shop, histories, pool);
  Settings lightgcn = huge_step;
  lightgcn["start_epochs"] = "0";
  TimeTrained<MeanFactors>("lightgcn", lightgcn, shop, histories, pool);
  Settings neural_cf = huge_step;
  neural_cf["pretrain_epochs"] = "0";
  neural_cf["start_epochs"] = "0";
  TimeTrained<NeuralCf>("neural_cf", neural_cf, shop, histories, pool);
  Settings gan_cf = huge_step;
  gan_cf["start_epochs"] = "0";
  TimeTrained<GanCf>("gan_cf", gan_cf, shop, histories, pool);
  return 0;
}

}  // namespace
}  // namespace vitrine

int main() { return vitrine::Run(); }
