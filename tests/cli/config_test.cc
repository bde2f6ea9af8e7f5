#include "cli/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "cli/config_change.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/file_system.h"
#include "vitrine/training/session_training.h"
#include "vitrine/training/trainer.h"

namespace vitrine::cli {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::vitrine::testing::IsOk;
using ::vitrine::testing::StatusIs;

constexpr char kExample[] = VITRINE_DOCS "/vitrine.example.toml";

// The message about `text`, a file called shop.toml.
std::string ErrorOf(const std::string& text) {
  return std::string(ParseConfig(text, "shop.toml").status().message());
}

// What a Config holds, field by field. A new field of these structs does not fit the bindings: give
// it a key, a line in the example, and a place here.
void ExpectSame(const Config& left, const Config& right) {
  const auto& [metrics, address, threads, waiting, bytes, replace, unacknowledged, report_age, tls,
               keys, per_shopper, max_wait, in_flight, streams, per_connection, buffers, unread,
               keepalive, keepalive_timeout, request_log, min_group] = left.server;
  EXPECT_EQ(metrics, right.server.metrics_address);
  EXPECT_EQ(address, right.server.address);
  EXPECT_EQ(threads, right.server.num_threads);
  EXPECT_EQ(waiting, right.server.max_waiting_requests);
  EXPECT_EQ(bytes, right.server.max_message_bytes);
  EXPECT_EQ(replace, right.server.max_replace_items);
  EXPECT_EQ(unacknowledged, right.server.max_unacknowledged_events);
  EXPECT_EQ(report_age, right.server.report_max_age_seconds);
  const auto& [certificate, private_key, client_ca, reload_seconds] = tls;
  EXPECT_EQ(certificate, right.server.tls.certificate);
  EXPECT_EQ(private_key, right.server.tls.private_key);
  EXPECT_EQ(client_ca, right.server.tls.client_ca);
  EXPECT_EQ(reload_seconds, right.server.tls.reload_seconds);
  EXPECT_EQ(keys, right.server.keys);
  EXPECT_EQ(per_shopper, right.server.max_calls_per_second_per_shopper);
  EXPECT_EQ(max_wait, right.server.max_wait_seconds);
  EXPECT_EQ(in_flight, right.server.max_in_flight);
  EXPECT_EQ(streams, right.server.max_event_streams);
  EXPECT_EQ(per_connection, right.server.max_streams_per_connection);
  EXPECT_EQ(buffers, right.server.max_buffer_bytes);
  EXPECT_EQ(unread, right.server.max_unread_seconds);
  EXPECT_EQ(keepalive, right.server.keepalive_seconds);
  EXPECT_EQ(keepalive_timeout, right.server.keepalive_timeout_seconds);
  const auto& [slow_ms, slow_per_second, sample_share] = request_log;
  EXPECT_EQ(slow_ms, right.server.request_log.slow_ms);
  EXPECT_EQ(slow_per_second, right.server.request_log.slow_per_second);
  EXPECT_EQ(min_group, right.server.min_group);
  EXPECT_EQ(sample_share, right.server.request_log.sample_share);
  EXPECT_EQ(left.drain_seconds, right.drain_seconds);
  EXPECT_EQ(left.log_format, right.log_format);
  EXPECT_EQ(left.log_level, right.log_level);

  const auto& [weights, history, half_life, least_shoppers, checkpoint, read_only, keep_days,
               keep_events, keep_megabytes, backup_folder, room_retry] = left.store;
  EXPECT_EQ(weights.by_type, right.store.weights.by_type);
  EXPECT_EQ(history, right.store.history_limit);
  EXPECT_EQ(half_life, right.store.popularity_half_life_days);
  EXPECT_EQ(least_shoppers, right.store.min_group);
  EXPECT_EQ(checkpoint, right.store.checkpoint_events);
  EXPECT_EQ(read_only, right.store.is_read_only);
  EXPECT_EQ(keep_days, right.store.keep_events_days);
  EXPECT_EQ(keep_events, right.store.keep_events);
  EXPECT_EQ(keep_megabytes, right.store.keep_megabytes);
  EXPECT_EQ(backup_folder, right.store.backup_folder);
  EXPECT_EQ(room_retry, right.store.full_disk_retry_ms);

  const auto& [blend, new_arrival_days] = left.engine;
  const auto& [blend_weights, cold_start_events, candidates, whole] = blend;
  EXPECT_EQ(blend_weights, right.engine.blend.weights);
  EXPECT_EQ(cold_start_events, right.engine.blend.cold_start_events);
  EXPECT_EQ(candidates, right.engine.blend.candidates_per_model);
  EXPECT_EQ(whole, right.engine.blend.whole_catalogue_items);
  EXPECT_EQ(new_arrival_days, right.engine.new_arrival_days);

  const auto& [models, settings, trained_blend, test_fraction, gate, num_threads, memory_mb,
               poll_seconds, auto_train_events, train_every_events, learn_blend_every, schedule,
               rollback, by_hand, shadow_share, engine, warm_up, clock, has_purchases,
               purchase_settings, placements] = left.lifecycle;
  const auto& [error_rate, least_answers, click_drop, least_shown, probation] = rollback;
  EXPECT_EQ(error_rate, right.lifecycle.rollback.error_rate);
  EXPECT_EQ(least_answers, right.lifecycle.rollback.least_answers);
  EXPECT_EQ(click_drop, right.lifecycle.rollback.click_drop);
  EXPECT_EQ(least_shown, right.lifecycle.rollback.least_shown);
  EXPECT_EQ(probation, right.lifecycle.rollback.probation_hours);
  EXPECT_EQ(by_hand, right.lifecycle.is_promoted_by_hand);
  EXPECT_EQ(shadow_share, right.lifecycle.shadow_share);
  EXPECT_FALSE(warm_up);
  EXPECT_EQ(engine.new_arrival_days, right.lifecycle.engine.new_arrival_days);
  const auto& [has_gate, least_coverage, least_users, resampling] = gate;
  EXPECT_EQ(has_gate, right.lifecycle.gate.is_on);
  EXPECT_EQ(least_coverage, right.lifecycle.gate.least_coverage);
  EXPECT_EQ(least_users, right.lifecycle.gate.least_users);
  EXPECT_EQ(resampling.level, right.lifecycle.gate.resampling.level);
  EXPECT_EQ(schedule.every_hours, right.lifecycle.schedule.every_hours);
  EXPECT_EQ(schedule.time_of_day_us, right.lifecycle.schedule.time_of_day_us);
  EXPECT_EQ(placements, right.lifecycle.placements);
  EXPECT_EQ(left.placements, right.placements);
  EXPECT_EQ(models, right.lifecycle.models);
  EXPECT_EQ(trained_blend.weights, right.lifecycle.blend.weights);
  EXPECT_EQ(has_purchases, right.lifecycle.has_purchase_predictor);
  EXPECT_EQ(test_fraction, right.lifecycle.test_fraction);
  EXPECT_EQ(num_threads, right.lifecycle.num_threads);
  EXPECT_EQ(memory_mb, right.lifecycle.memory_mb);
  EXPECT_EQ(poll_seconds, right.lifecycle.poll_seconds);
  EXPECT_EQ(auto_train_events, right.lifecycle.auto_train_events);
  EXPECT_EQ(train_every_events, right.lifecycle.train_every_events);
  EXPECT_EQ(learn_blend_every, right.lifecycle.learn_blend_every);
  EXPECT_EQ(clock, right.lifecycle.clock);
}

TEST(ConfigTest, NoFileGivesTheDefaults) {
  const auto config = LoadConfig("");

  ASSERT_THAT(config, IsOk());
  ExpectSame(*config, Config());
}

TEST(ConfigTest, ATrainingByTheClockIsReadAndAWrongTimeRefused) {
  const auto config =
      ParseConfig("[lifecycle]\ntrain_at = \"03:30\"\ntrain_every_hours = 6\n", "v.toml");

  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->lifecycle.schedule.time_of_day_us, 12'600 * kMicrosPerSecond);
  EXPECT_EQ(config->lifecycle.schedule.every_hours, 6);
  const auto wrong = ParseConfig("[lifecycle]\ntrain_at = \"25:00\"\n", "v.toml");
  EXPECT_THAT(wrong, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(wrong.status().message()), HasSubstr("v.toml:2"));
}

TEST(ConfigTest, ATrainingByTheNumberOfNewEventsIsReadAndTakenInByAServerThatRuns) {
  const auto config = ParseConfig("[lifecycle]\ntrain_every_events = 5000\n", "v.toml");

  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->lifecycle.train_every_events, 5'000u);
  EXPECT_THAT(WantRestart(Config(), *config), IsEmpty());
  EXPECT_THAT(ErrorOf("[lifecycle]\ntrain_every_events = -1\n"), HasSubstr("an integer from 0"));
  EXPECT_THAT(ErrorOf("[lifecycle]\ntrain_every_events = 0.5\n"), HasSubstr("an integer from 0"));
}

TEST(ConfigTest, HowManyTrainingsShareABlendIsReadAndAtLeastOne) {
  EXPECT_EQ(ParseConfig("[lifecycle]\nlearn_blend_every = 7\n", "v")->lifecycle.learn_blend_every,
            7u);
  EXPECT_THAT(ErrorOf("[lifecycle]\nlearn_blend_every = 0\n"), HasSubstr("an integer from 1"));
}

TEST(ConfigTest, TheExampleHoldsTheDefaults) {
  const auto config = LoadConfig(kExample);

  ASSERT_THAT(config, IsOk());
  ExpectSame(*config, Config());
}

TEST(ConfigTest, TheExampleHoldsEverySettingOfEveryModelAtItsDefault) {
  const auto config = LoadConfig(kExample);

  ASSERT_THAT(config, IsOk());
  for (const Trainer& trainer : Trainers()) {
    const auto given = config->lifecycle.settings.find(std::string(trainer.name));
    ASSERT_NE(given, config->lifecycle.settings.end()) << trainer.name;
    EXPECT_EQ(given->second.size(), trainer.defaults.size()) << trainer.name;
    for (const auto& [name, value] : trainer.defaults) {
      const auto setting = given->second.find(name);
      ASSERT_NE(setting, given->second.end()) << trainer.name << "." << name;
      EXPECT_TRUE(setting->second == value || std::stod(setting->second) == std::stod(value))
          << trainer.name << "." << name << " is " << setting->second << ", not " << value;
    }
  }
}

TEST(ConfigTest, TheExampleHoldsThePurchasePredictorAtItsDefaults) {
  const auto config = LoadConfig(kExample);

  ASSERT_THAT(config, IsOk());
  EXPECT_FALSE(config->lifecycle.has_purchase_predictor);
  const auto given = ReadSessionLearning(config->lifecycle.purchase_settings);
  ASSERT_THAT(given, IsOk());
  const SessionLearning defaults;
  EXPECT_EQ(config->lifecycle.purchase_settings.size(), SessionPredictorDefaults().size());
  EXPECT_EQ(given->max_moments, defaults.max_moments);
  EXPECT_EQ(given->learning_rate, defaults.learning_rate);
  EXPECT_EQ(given->horizon_days, defaults.horizon_days);
}

TEST(ConfigTest, TheExampleHasALineForEveryKey) {
  const std::string text = LocalFileSystem().ReadFile(kExample).value();

  for (const std::string& key : ConfigKeys()) {
    const std::string name = key.substr(key.rfind('.') + 1);
    const std::string table = key.substr(0, key.rfind('.'));
    const std::size_t begin = text.find("\n[" + table + "]\n");
    ASSERT_NE(begin, std::string::npos) << table;
    const std::size_t end = text.find("\n[", begin + 1);
    // A weight that is given is one that is not learned, so the lines of these are comments.
    EXPECT_THAT(text.substr(begin, end - begin),
                AnyOf(HasSubstr("\n" + name + " = "), HasSubstr("\n# " + name + " = ")))
        << key;
  }
}

TEST(ConfigTest, TheLogHasAFormatAndALevel) {
  const auto config = ParseConfig("[log]\nformat = \"json\"\nlevel = \"error\"\n", "shop.toml");

  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->log_format, LogFormat::kJson);
  EXPECT_EQ(config->log_level, LogLevel::kError);
  EXPECT_THAT(ErrorOf("[log]\nlevel = \"loud\"\n"),
              AllOf(HasSubstr("shop.toml:2: log.level is the text \"loud\""),
                    HasSubstr("\"error\" or \"info\" or \"warning\"")));
}

TEST(ConfigTest, LimitsOfMethodsAreTextsWithACount) {
  const auto config =
      ParseConfig("[server]\nmax_in_flight = [\"SimilarItems=8\", \"RankItems=2\"]\n", "shop.toml");

  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->server.max_in_flight.at("SimilarItems"), 8);
  EXPECT_EQ(config->server.max_in_flight.at("RankItems"), 2);
  for (const char* bad : {"[\"SimilarItems\"]", "[\"SimilarItems=0\"]", "[\"SimilarItems=many\"]",
                          "[\"SimilarItems=1\", \"SimilarItems=2\"]", "[8]", "8"}) {
    EXPECT_THAT(ErrorOf(std::string("[server]\nmax_in_flight = ") + bad),
                HasSubstr("shop.toml:2: server.max_in_flight is"))
        << bad;
  }
}

TEST(ConfigTest, APlacementIsTheBuiltInOneWithWhatTheTableSays) {
  const auto config = ParseConfig(
      "[placements.trending]\npage_size = 7\n"
      "[placements.home]\nsubject = \"cart\"\nweights = { ials = 0.5, trending = 2 }\n"
      "filter = \"price < 20\"\nmax_age_days = 3\nof_categories = true\nof_bought = true\n"
      "seen_items = \"exclude-seen\"\ndiversity = { method = \"dpp\", lambda = 0.3 }\n"
      "max_per_brand = 2\nmax_per_category = 4\nrotation = 0.5\nstrict = true\n"
      "boosts = [{ filter = \"stock > 0\", strength = -0.5 }]\n"
      "exposure = { group = \"long-tail\", share = 0.25 }\nfallbacks = [\"trending\"]\n",
      "shop.toml");

  ASSERT_THAT(config, IsOk());
  ASSERT_EQ(config->placements.size(), 2U);
  const Placement& home = config->placements[0];
  EXPECT_EQ(home.subject, Placement::Subject::kCart);
  EXPECT_EQ(home.weights, (std::map<std::string, double>{{"ials", 0.5}, {"trending", 2}}));
  EXPECT_EQ(home.filter, "price < 20");
  EXPECT_EQ(home.max_age_days, 3);
  EXPECT_TRUE(home.is_of_categories);
  EXPECT_TRUE(home.is_of_bought);
  EXPECT_EQ(home.seen, SeenPolicy::kExcludeSeen);
  EXPECT_EQ(home.controls.diversity, (Diversity{Diversity::Method::kDpp, 0.3}));
  EXPECT_EQ(home.controls.max_per_brand, 2U);
  EXPECT_EQ(home.controls.max_per_category, 4U);
  EXPECT_EQ(home.controls.rotation, 0.5);
  EXPECT_TRUE(home.controls.is_strict);
  EXPECT_EQ(home.controls.boosts, (std::vector<Boost>{{"stock > 0", -0.5}}));
  EXPECT_EQ(home.controls.exposure, (Exposure{Exposure::Group::kLongTail, 0.25}));
  EXPECT_EQ(home.fallbacks, std::vector<std::string>{"trending"});
  const Placement& trending = config->placements[1];
  EXPECT_EQ(trending.page_size, 7U);
  EXPECT_TRUE(trending.weights.contains("trending"));
}

TEST(ConfigTest, WhatIsWrongWithAPlacementNamesItsLine) {
  EXPECT_THAT(
      ErrorOf("[placements.home]\n\nweight = 1\n"),
      HasSubstr("shop.toml:3: unknown key weight of placements.home; did you mean weights?"));
  EXPECT_THAT(ErrorOf("[placements.home]\nfilter = \"price <\"\n"),
              HasSubstr("shop.toml:1: placements.home: filter column"));
  EXPECT_THAT(ErrorOf("[placements.home]\npage_size = 300\n"), HasSubstr("page_size is 300"));
  EXPECT_THAT(ErrorOf("[placements.home]\ndiversity = { method = \"x\" }\n"),
              HasSubstr("shop.toml:2: method of diversity"));
  EXPECT_THAT(ErrorOf("[placements]\nhome = 1\n"), HasSubstr("placements.home is 1"));
}

TEST(ConfigTest, SetsWhatTheFileSaysAndNothingElse) {
  const auto config = ParseConfig(
      "[server]\nlisten = \"127.0.0.1:7000\"\n"
      "[store.event_weights]\nsearch = 0.5\n"
      "[models.ials]\ndimensions = 32\n",
      "shop.toml");

  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->server.address, "127.0.0.1:7000");
  EXPECT_EQ(config->store.weights.Of(EventType::kSearch, 1), 0.5F);
  EXPECT_EQ(config->store.weights.Of(EventType::kPurchaseComplete, 1), 5);
  EXPECT_EQ(config->lifecycle.settings.at("ials"), (Settings{{"dimensions", "32"}}));
}

TEST(ConfigTest, TheSmallestGroupIsThatOfReportsAndOfLists) {
  const auto config = ParseConfig("[privacy]\nmin_group = 9\n", "shop.toml");

  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->server.min_group, 9U);
  EXPECT_EQ(config->store.min_group, config->server.min_group);
  EXPECT_THAT(WantRestart(Config(), *config), ::testing::ElementsAre("privacy.min_group"));
}

TEST(ConfigTest, BlendWeightsAreTakenAsAWholeByServerAndTrainer) {
  const auto config = ParseConfig("[blend.weights]\nials = 2\n", "shop.toml");

  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->engine.blend.weights, (std::map<std::string, double>{{"ials", 2}}));
  EXPECT_EQ(config->lifecycle.blend.weights, config->engine.blend.weights);
}

TEST(ConfigTest, SeveralModelsOfOneKindHaveLabelsSettingsAndWeightsOfTheirOwn) {
  const auto config = ParseConfig(
      "[lifecycle]\nmodels = [\"graph_filter\", \"graph_filter@linear\"]\n"
      "[models.graph_filter]\nneighbours = 100\n"
      "[models.\"graph_filter@linear\"]\nfilter = \"linear\"\n"
      "[models.\"ials@usual\"]\n"
      "[blend.weights]\ngraph_filter = 1\n\"graph_filter@linear\" = 0.5\n",
      "shop.toml");

  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->lifecycle.models,
            (std::vector<std::string>{"graph_filter", "graph_filter@linear"}));
  EXPECT_EQ(config->lifecycle.settings,
            (std::map<std::string, Settings>{{"graph_filter", {{"neighbours", "100"}}},
                                             {"graph_filter@linear", {{"filter", "linear"}}},
                                             {"ials@usual", {}}}));
  EXPECT_EQ(config->engine.blend.weights,
            (std::map<std::string, double>{{"graph_filter", 1}, {"graph_filter@linear", 0.5}}));
  EXPECT_THAT(WantRestart(*config, *config), IsEmpty());
  EXPECT_THAT(WantRestart(Config(), *config), ::testing::ElementsAre("blend.weights"));
}

TEST(ConfigTest, AnUnknownKeyIsNamedWithItsLineAndTheNearestOne) {
  EXPECT_THAT(ErrorOf("[server]\nthreads = 2\nlissten = \"x\"\n"),
              AllOf(HasSubstr("shop.toml:3: unknown key lissten"), HasSubstr("did you mean listen"),
                    HasSubstr("max_message_bytes")));
}

TEST(ConfigTest, AnUnknownTableIsNamedWithThoseThereAre) {
  EXPECT_THAT(ErrorOf("[servr]\n"),
              AllOf(HasSubstr("shop.toml:1: unknown table servr"), HasSubstr("did you mean server"),
                    HasSubstr("lifecycle")));
  EXPECT_THAT(ErrorOf("[store.weights]\nsearch = 1\n"), HasSubstr("unknown key weights"));
}

TEST(ConfigTest, AnUnknownEventTypeModelOrSettingIsNamedWithThoseThereAre) {
  EXPECT_THAT(ErrorOf("[store.event_weights]\npurchase = 1\n"),
              AllOf(HasSubstr("shop.toml:2"), HasSubstr("purchase-complete")));
  EXPECT_THAT(ErrorOf("[models.als]\nx = 1\n"), HasSubstr("did you mean ials"));
  EXPECT_THAT(ErrorOf("[models.ials]\ndimension = 1\n"), HasSubstr("did you mean dimensions"));
  EXPECT_THAT(ErrorOf("[blend.weights]\nals = 1\n"), HasSubstr("did you mean ials"));
}

TEST(ConfigTest, AMissingFileIsNotFoundByName) {
  const vitrine::testing::TemporaryFolder folder;

  const auto config = LoadConfig(folder / "none.toml");

  EXPECT_THAT(config, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(std::string(config.status().message()), HasSubstr("none.toml"));
}

}  // namespace
}  // namespace vitrine::cli
