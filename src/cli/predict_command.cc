#include "cli/predict_command.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "cli/command.h"
#include "cli/target.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/client/client.h"

namespace vitrine::cli {
namespace {

using Json = nlohmann::ordered_json;

struct PredictFlags {
  Target target;
  std::string user;
  std::string visitor;
  int max_reasons = 5;
  bool is_json = false;
};

std::string ToText(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixSeconds(time.seconds()),
                          absl::UTCTimeZone());
}

// "KIND_VIEW" and "EVENT_TYPE_ADD_TO_CART" become "view" and "add-to-cart".
std::string WordsOf(const std::string& name, const std::string& prefix) {
  std::string words = name.substr(std::min(name.size(), prefix.size()));
  for (char& c : words) c = c == '_' ? '-' : static_cast<char>(c - 'A' + 'a');
  return words;
}

std::string WordsOf(v1::EventType type) { return WordsOf(v1::EventType_Name(type), "EVENT_TYPE_"); }

std::string WordsOf(v1::NextEventOdds::Kind kind) {
  return WordsOf(v1::NextEventOdds::Kind_Name(kind), "KIND_");
}

std::string ValueOf(const v1::Feature& feature) {
  switch (feature.value().kind_case()) {
    case v1::FeatureValue::kInteger:
      return absl::StrFormat("%d", feature.value().integer());
    case v1::FeatureValue::kNumber:
      return absl::StrFormat("%.4g", feature.value().number());
    default:
      return "unknown";
  }
}

std::string CauseOf(const v1::PurchaseReason& reason) {
  switch (reason.cause_case()) {
    case v1::PurchaseReason::kFeature:
      return absl::StrFormat("%s is %s", reason.feature().name(), ValueOf(reason.feature()));
    case v1::PurchaseReason::kEvent:
      return absl::StrFormat("%s%s%s at %s", WordsOf(reason.event().type()),
                             reason.event().item_id().empty() ? "" : " of ",
                             reason.event().item_id(), ToText(reason.event().time()));
    case v1::PurchaseReason::kPauseSince:
      return "nothing happened since " + ToText(reason.pause_since());
    case v1::PurchaseReason::CAUSE_NOT_SET:
      break;
  }
  return "something that this version does not know";
}

Json ToJson(const v1::PurchaseReason& reason) {
  Json json = {{"log_odds", reason.log_odds()}};
  if (reason.has_feature()) {
    json["feature"] = reason.feature().name();
    json["value"] = ValueOf(reason.feature());
  } else if (reason.has_event()) {
    json["event"] = WordsOf(reason.event().type());
    json["item_id"] = reason.event().item_id();
    json["time"] = ToText(reason.event().time());
  } else if (reason.has_pause_since()) {
    json["pause_since"] = ToText(reason.pause_since());
  }
  return json;
}

Json ToJson(const v1::PurchaseForecast& forecast) {
  Json json = {{"probability", forecast.probability()},
               {"base_log_odds", forecast.base_log_odds()},
               {"other_log_odds", forecast.other_log_odds()},
               {"reasons", Json::array()}};
  for (const auto& reason : forecast.reasons()) json["reasons"].push_back(ToJson(reason));
  return json;
}

Json ToJson(const v1::PredictPurchaseResponse& response) {
  Json json = {{"session", response.has_session() ? ToJson(response.session()) : Json()},
               {"shopper", response.has_shopper() ? ToJson(response.shopper()) : Json()},
               {"horizon_days", response.horizon_days()},
               {"next_events", Json::array()},
               {"session_events", response.session_event_count()},
               {"model_version", response.model_version()},
               {"consistency_token", response.consistency_token()}};
  for (const auto& next : response.next_events()) {
    json["next_events"].push_back(
        {{"event", WordsOf(next.kind())}, {"probability", next.probability()}});
  }
  return json;
}

void Print(const std::string& what, const v1::PurchaseForecast& forecast) {
  std::printf("%-40s %5.1f %%\n", what.c_str(), 100 * forecast.probability());
  for (const auto& reason : forecast.reasons()) {
    std::printf("  %+7.3f  %s\n", reason.log_odds(), CauseOf(reason).c_str());
  }
  std::printf("  %+7.3f  all else\n  %+7.3f  at the start\n", forecast.other_log_odds(),
              forecast.base_log_odds());
}

void Print(const v1::PredictPurchaseResponse& response) {
  const bool is_visiting = response.session_event_count() > 0;
  if (response.has_session()) {
    Print(is_visiting ? "orders in this visit" : "orders in a visit that begins now",
          response.session());
  }
  if (response.has_shopper()) {
    Print(absl::StrFormat("orders within %g days", response.horizon_days()), response.shopper());
  }
  if (response.next_events_size() > 0) {
    std::printf("next%s", is_visiting ? "" : ", if a visit begins");
    for (const auto& next : response.next_events()) {
      std::printf("  %s %.1f %%", WordsOf(next.kind()).c_str(), 100 * next.probability());
    }
    std::printf("\n");
  }
  std::printf("model %s, %d events in this visit\n", response.model_version().c_str(),
              response.session_event_count());
}

absl::Status Predict(const PredictFlags& flags) {
  if (flags.user.empty() && flags.visitor.empty()) {
    return UsageError("give --user ID, --visitor ID or both");
  }
  v1::PredictPurchaseRequest request;
  request.set_user_id(flags.user);
  request.set_visitor_id(flags.visitor);
  request.set_max_reasons(flags.max_reasons == 0 ? -1 : flags.max_reasons);
  VITRINE_ASSIGN_OR_RETURN(const auto client, Connect(flags.target));
  VITRINE_ASSIGN_OR_RETURN(const auto response, client->PredictPurchase(request));
  if (flags.is_json) {
    std::printf("%s\n", ToJson(response).dump().c_str());
  } else {
    Print(response);
  }
  return absl::OkStatus();
}

}  // namespace

void AddPredictCommand(CLI::App& app, int& exit_status) {
  CLI::App* command =
      AddCommand(app, "predict", "Show how likely a shopper buys, why, and what they do next",
                 "Example: vitrine predict --target 127.0.0.1:50051 --user u00001\n"
                 "Each reason has what it adds to the log-odds, ln(p / (1 - p)). The server must\n"
                 "have trained with lifecycle.purchase_predictor = true.");
  const auto flags = std::make_shared<PredictFlags>();
  AddTargetOptions(*command, flags->target)->required();
  command->add_option("--user", flags->user, "Signed-in shopper");
  command->add_option("--visitor", flags->visitor, "Anonymous shopper");
  command->add_option("--reasons", flags->max_reasons, "How many reasons for each forecast")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  command->add_flag("--json", flags->is_json, "One JSON object for scripts");
  RunOnParse(command, exit_status, [flags] { return Predict(*flags); });
}

}  // namespace vitrine::cli
