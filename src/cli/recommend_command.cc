#include "cli/recommend_command.h"

#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "cli/command.h"
#include "cli/config.h"
#include "cli/control_flags.h"
#include "cli/placement_config.h"
#include "cli/shown_list.h"
#include "cli/target.h"
#include "vitrine/base/counters.h"
#include "vitrine/base/log.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/client/client.h"
#include "vitrine/client/json_form.h"
#include "vitrine/server/convert.h"
#include "vitrine/server/convert_controls.h"

namespace vitrine::cli {
namespace {

struct RecommendFlags {
  std::string store;
  Target target;
  std::string config;
  RecommendRequest request;
  std::string diversity = "none";
  std::vector<std::string> pins;
  std::vector<std::string> boosts;
  std::string exposure = "none";
  std::string exploration;  // Empty: none.
  std::string rows_file;
  std::string asked_about;  // An item that is to be explained instead of a list; may be empty.
  bool is_explained = false;
  bool is_json = false;
};

absl::StatusOr<std::shared_ptr<const ModelSet>> LoadLive(const FeatureStore& store,
                                                         const std::string& models_folder) {
  VITRINE_ASSIGN_OR_RETURN(const BundleFolder folder,
                           BundleFolder::Open(LocalFileSystem(), models_folder));
  VITRINE_ASSIGN_OR_RETURN(const BundleFolder::Live live, folder.ReadLive());
  if (live.version.empty()) return std::make_shared<const ModelSet>();
  const Catalogue& catalogue = store.catalogue();
  VITRINE_ASSIGN_OR_RETURN(
      ModelSet models,
      LoadBundle(LocalFileSystem(), folder.PathOf(live.version), catalogue.num_indices(),
                 [&catalogue](std::string_view id) { return catalogue.Find(id); }));
  return std::make_shared<const ModelSet>(std::move(models));
}

v1::ExplanationLevel LevelOf(const RecommendFlags& flags) {
  return flags.is_explained ? v1::EXPLANATION_LEVEL_CONTRIBUTIONS : v1::EXPLANATION_LEVEL_REASONS;
}

// The rows of the file, for the shopper of the command line where they name none themselves.
absl::StatusOr<v1::BatchRecommendItemsRequest> ReadPage(const RecommendFlags& flags) {
  std::ifstream file(flags.rows_file, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  absl::StatusOr<v1::BatchRecommendItemsRequest> page = ReadRows(text.str());
  if (!page.ok()) {
    return UsageError(
        absl::StrFormat("%s: %s", flags.rows_file, std::string(page.status().message())));
  }
  for (v1::RecommendItemsRequest& row : *page->mutable_rows()) {
    if (row.user_id().empty() && row.visitor_id().empty()) {
      row.set_user_id(flags.request.user_id);
      row.set_visitor_id(flags.request.visitor_id);
    }
    if (row.explanation_level() == v1::EXPLANATION_LEVEL_UNSPECIFIED) {
      row.set_explanation_level(LevelOf(flags));
    }
    row.set_view(v1::ITEM_VIEW_FULL);
    row.set_include_trace(row.include_trace() || flags.request.wants_trace);
  }
  return page;
}

template <typename Replies>
std::vector<ShownList> ShowAll(const Replies& replies) {
  std::vector<ShownList> rows;
  for (const auto& reply : replies) rows.push_back(Show(reply));
  return rows;
}

void Print(const ShownList& list, const RecommendFlags& flags, const TitleOf& title_of) {
  if (flags.is_json) {
    PrintListJson(list);
  } else {
    PrintList(list, flags.is_explained, title_of);
  }
}

void Print(const std::vector<ShownList>& rows, const RecommendFlags& flags,
           const TitleOf& title_of) {
  if (flags.is_json) {
    PrintRowsJson(rows);
  } else {
    PrintRows(rows, flags.is_explained, title_of);
  }
}

// Reads beside the server that owns the store, if there is one.
absl::Status AskStore(const RecommendFlags& flags) {
  VITRINE_ASSIGN_OR_RETURN(Config config, LoadConfig(flags.config));
  config.store.is_read_only = true;
  VITRINE_ASSIGN_OR_RETURN(const auto store, FeatureStore::Open(flags.store, config.store,
                                                                LocalFileSystem(), SystemClock()));
  VITRINE_ASSIGN_OR_RETURN(const auto models, LoadLive(*store, flags.store + "/models"));
  const Published<ModelSet> published(models);
  Counters counters;
  VITRINE_ASSIGN_OR_RETURN(const auto placements, OpenPlacements(flags.store, config.placements));
  const Engine engine(*store, published, counters, SystemClock(), config.engine, placements.get());
  if (!flags.asked_about.empty()) {
    VITRINE_ASSIGN_OR_RETURN(
        const ExplainItemReply reply,
        engine.ExplainItem({.request = flags.request, .item_id = flags.asked_about}));
    PrintOutcome(Show(reply), flags.is_json);
    return absl::OkStatus();
  }
  const auto title_of = [&catalogue = store->catalogue()](const std::string& id) {
    const auto index = catalogue.Find(id);
    const auto item = index ? catalogue.Get(*index) : nullptr;
    return item == nullptr ? std::string() : item->title;
  };
  if (!flags.rows_file.empty()) {
    VITRINE_ASSIGN_OR_RETURN(const v1::BatchRecommendItemsRequest page, ReadPage(flags));
    VITRINE_ASSIGN_OR_RETURN(const auto rows, FromProto(page));
    VITRINE_ASSIGN_OR_RETURN(const auto replies, engine.RecommendRows(rows));
    Print(ShowAll(replies), flags, title_of);
    return absl::OkStatus();
  }
  VITRINE_ASSIGN_OR_RETURN(const RecommendReply reply, engine.Recommend(flags.request));
  Print(Show(reply), flags, title_of);
  return absl::OkStatus();
}

v1::RecommendItemsRequest ToProto(const RecommendFlags& flags) {
  const RecommendRequest& asked = flags.request;
  v1::RecommendItemsRequest request;
  request.set_user_id(asked.user_id);
  request.set_visitor_id(asked.visitor_id);
  request.set_placement(asked.placement);
  request.set_page_size(static_cast<int>(asked.page_size));
  for (const std::string& id : asked.context_item_ids) request.add_context_item_ids(id);
  for (const std::string& id : asked.cart_item_ids) request.add_cart_item_ids(id);
  for (const std::string& path : asked.categories) request.add_categories(path);
  request.set_filter(asked.filter);
  SetControls(asked.controls, request);
  request.set_page_token(asked.page_token);
  request.set_view(v1::ITEM_VIEW_FULL);
  request.set_include_trace(asked.wants_trace);
  request.set_explanation_level(LevelOf(flags));
  return request;
}

absl::Status AskServer(const RecommendFlags& flags) {
  VITRINE_ASSIGN_OR_RETURN(const auto client, Connect(flags.target));
  if (!flags.asked_about.empty()) {
    v1::ExplainRecommendationRequest question;
    *question.mutable_request() = ToProto(flags);
    question.set_item_id(flags.asked_about);
    VITRINE_ASSIGN_OR_RETURN(const auto response, client->ExplainRecommendation(question));
    PrintOutcome(Show(response), flags.is_json);
    return absl::OkStatus();
  }
  const auto title_of = [&client](const std::string& id) {
    v1::GetItemRequest get;
    get.set_item_id(id);
    const auto found = client->GetItem(get);
    return found.ok() ? found->item().title() : std::string();
  };
  if (!flags.rows_file.empty()) {
    VITRINE_ASSIGN_OR_RETURN(const v1::BatchRecommendItemsRequest page, ReadPage(flags));
    VITRINE_ASSIGN_OR_RETURN(const auto response, client->BatchRecommendItems(page));
    Print(ShowAll(response.rows()), flags, title_of);
    return absl::OkStatus();
  }
  VITRINE_ASSIGN_OR_RETURN(const auto response, client->RecommendItems(ToProto(flags)));
  Print(Show(response), flags, title_of);
  return absl::OkStatus();
}

absl::Status Run(RecommendFlags& flags) {
  if (flags.store.empty() == flags.target.empty()) {
    return UsageError("give one of --store DIR and --target ADDR");
  }
  SetLogLevel(LogLevel::kWarning);
  VITRINE_ASSIGN_OR_RETURN(flags.request.controls.diversity, ParseDiversity(flags.diversity));
  if (!flags.exploration.empty()) {
    VITRINE_ASSIGN_OR_RETURN(flags.request.controls.exploration,
                             ParseExploration(flags.exploration));
  }
  for (const std::string& text : flags.pins) {
    VITRINE_ASSIGN_OR_RETURN(Pin pin, ParsePin(text));
    flags.request.controls.pins.push_back(std::move(pin));
  }
  VITRINE_ASSIGN_OR_RETURN(flags.request.controls.exposure, ParseExposure(flags.exposure));
  for (const std::string& text : flags.boosts) {
    VITRINE_ASSIGN_OR_RETURN(Boost boost, ParseBoost(text));
    flags.request.controls.boosts.push_back(std::move(boost));
  }
  flags.request.explanation =
      flags.is_explained ? ExplanationLevel::kContributions : ExplanationLevel::kReasons;
  return flags.store.empty() ? AskServer(flags) : AskStore(flags);
}

// `flags` must outlive the parsing.
void AddControlOptions(CLI::App& command, RecommendFlags& flags) {
  ListControls& controls = flags.request.controls;
  command.add_option("--diversity", flags.diversity, "mmr:LAMBDA or dpp:LAMBDA, 0 to 1")
      ->capture_default_str();
  command.add_option("--max-per-brand", controls.max_per_brand, "0: no limit")
      ->check(CLI::Range(0, 1000));
  command.add_option("--max-per-category", controls.max_per_category, "0: no limit")
      ->check(CLI::Range(0, 1000));
  command.add_option("--explore", flags.exploration,
                     "TEMPERATURE or TEMPERATURE:SEED, above 0 to 10: draw the list by chance");
  command.add_option("--pin", flags.pins, "ITEM:POSITION of a promoted item");
  command.add_option("--boost", flags.boosts,
                     "FILTER:STRENGTH: adds STRENGTH times the best score, -1 to 1, to items that "
                     "FILTER holds for; several times for several filters");
  command
      .add_option("--exposure", flags.exposure,
                  "new:SHARE, long-tail:SHARE or filter:FILTER:SHARE: the least share of the list")
      ->capture_default_str();
  command
      .add_option("--rotation", controls.rotation,
                  "0 to 1: how far down an item goes each time that the shopper was shown it "
                  "and did nothing with it since")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command.add_flag("--strict", controls.is_strict, "Do not fill up with what is popular");
}

}  // namespace

void AddRecommendCommand(CLI::App& app, int& exit_status) {
  CLI::App* command = AddCommand(
      app, "recommend", "Show what a shopper would see",
      "Examples: vitrine recommend --target 127.0.0.1:50051 --user u00001 --explain\n"
      "          vitrine recommend --store store --visitor v-9 --context i-5 --count 5 --json\n"
      "          vitrine recommend --store store --user u00001 --rows page.json\n"
      "With --store it reads beside a server that may be running.");
  const auto flags = std::make_shared<RecommendFlags>();
  RecommendRequest& request = flags->request;
  command->add_option("--store", flags->store, "Folder of the store")
      ->check(CLI::ExistingDirectory);
  AddTargetOptions(*command, flags->target);
  command->add_option("--config", flags->config, "TOML file; with --store")
      ->check(CLI::ExistingFile);
  command->add_option("--user", request.user_id, "Signed-in shopper");
  command->add_option("--visitor", request.visitor_id, "Anonymous shopper");
  command->add_option("--placement", request.placement,
                      "Where the list is shown, see vitrine placements");
  command->add_option("--context", request.context_item_ids, "Items looked at now");
  command->add_option("--cart", request.cart_item_ids, "Items in the cart now");
  command->add_option("--category", request.categories, "Only from these categories");
  command->add_option("--filter", request.filter,
                      "Only items that this holds for, such as 'brand = \"Acme\" AND price < 20'");
  command->add_option("--count", request.page_size, "How many items [the placement's, mostly 20]")
      ->check(CLI::Range(1, 200));
  AddControlOptions(*command, *flags);
  command->add_option("--page-token", request.page_token,
                      "Where the list goes on: next_page_token of the answer before");
  command->add_option("--why", flags->asked_about,
                      "Instead of the list: why this item is on it, or is not");
  command->add_flag("--trace", request.wants_trace, "Show how the list came about, stage by stage");
  command->add_flag("--explain", flags->is_explained, "Show the parts of each score");
  command->add_flag("--json", flags->is_json, "One JSON object for scripts");
  CLI::Option* const rows =
      command
          ->add_option("--rows", flags->rows_file,
                       "Instead of one list: the rows of a page, none of which repeats another; a "
                       "file with BatchRecommendItemsRequest in JSON")
          ->check(CLI::ExistingFile);
  for (const char* of_one_list :
       {"--placement", "--context", "--cart", "--category", "--filter", "--count", "--boost",
        "--rotation", "--exposure", "--diversity", "--explore", "--max-per-brand",
        "--max-per-category", "--pin", "--strict", "--page-token", "--why"}) {
    rows->excludes(command->get_option(of_one_list));
  }
  RunOnParse(command, exit_status, [flags] { return Run(*flags); });
}

}  // namespace vitrine::cli
