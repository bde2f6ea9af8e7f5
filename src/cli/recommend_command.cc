#include "cli/recommend_command.h"

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "cli/command.h"
#include "cli/config.h"
#include "vitrine/base/counters.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/client/client.h"

namespace vitrine {
namespace {

struct RecommendFlags {
  std::string store;
  std::string target;
  std::string config;
  RecommendRequest request;
  bool is_explained = false;
  bool is_json = false;
};

// The engine over a store that another process may be serving, with the bundle that is live.
absl::StatusOr<RecommendReply> AskStore(const RecommendFlags& flags) {
  VITRINE_ASSIGN_OR_RETURN(Config config, LoadConfig(LocalFileSystem(), flags.config));
  SetLogLevel(LogLevel::kWarning);
  config.store.is_read_only = true;
  VITRINE_ASSIGN_OR_RETURN(const auto store, FeatureStore::Open(flags.store, config.store,
                                                                LocalFileSystem(), SystemClock()));
  VITRINE_ASSIGN_OR_RETURN(const auto models,
                           LoadLiveModels(*store, LocalFileSystem(), flags.store + "/models"));
  const Published<ModelSet> published(models);
  Counters counters;
  const Engine engine(*store, published, counters, SystemClock(), config.engine);
  return engine.Recommend(flags.request);
}

}  // namespace
}  // namespace vitrine
