#include "cli/user_command.h"

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "cli/command.h"
#include "cli/target.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/client/client.h"
#include "vitrine/client/json_form.h"

namespace vitrine::cli {
namespace {

using Json = nlohmann::ordered_json;

struct UserFlags {
  Target target;
  std::string user;
  std::string visitor;
  bool is_json = false;
};

std::string ToText(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixSeconds(time.seconds()),
                          absl::UTCTimeZone());
}

std::string ToDay(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%Y-%m-%d", absl::FromUnixSeconds(time.seconds()), absl::UTCTimeZone());
}

Json ToJson(const v1::FeatureValue& value) {
  switch (value.kind_case()) {
    case v1::FeatureValue::kInteger:
      return value.integer();
    case v1::FeatureValue::kNumber:
      return value.number();
    case v1::FeatureValue::kTime:
      return ToText(value.time());
    case v1::FeatureValue::kText:
      return value.text();
    case v1::FeatureValue::kWeights: {
      Json names = Json::array();
      for (const auto& one : value.weights().names()) {
        names.push_back({{"name", one.name()}, {"weight", one.weight()}});
      }
      return names;
    }
    case v1::FeatureValue::KIND_NOT_SET:
      break;
  }
  return nullptr;
}

std::string ToText(const v1::FeatureValue& value) {
  switch (value.kind_case()) {
    case v1::FeatureValue::kNumber:
      return absl::StrFormat("%.6g", value.number());
    case v1::FeatureValue::kText:
      return value.text();
    case v1::FeatureValue::kTime:
      return ToText(value.time());
    case v1::FeatureValue::kWeights: {
      std::string text;
      for (const auto& one : value.weights().names()) {
        text += absl::StrFormat("%s%s %.3g", text.empty() ? "" : ", ", one.name(), one.weight());
      }
      return text;
    }
    case v1::FeatureValue::kInteger:
      return absl::StrFormat("%d", value.integer());
    case v1::FeatureValue::KIND_NOT_SET:
      break;
  }
  return "-";
}

// STATUS_PRESENT becomes "present".
std::string StatusName(v1::Feature::Status status) {
  std::string name = v1::Feature::Status_Name(status).substr(std::string("STATUS_").size());
  for (char& c : name) c = static_cast<char>(c - 'A' + 'a');
  return name;
}

Json ToJson(const v1::GetUserProfileResponse& profile) {
  Json json = {{"segment", profile.segment()},
               {"rfm",
                {{"recency", profile.rfm().recency()},
                 {"frequency", profile.rfm().frequency()},
                 {"monetary", profile.rfm().monetary()},
                 {"group", profile.rfm().group()}}},
               {"favourite_categories", Json::array()},
               {"needs", Json::array()},
               {"features", Json::array()}};
  for (const auto& one : profile.favourite_categories()) {
    json["favourite_categories"].push_back({{"category", one.category()}, {"share", one.share()}});
  }
  for (const auto& need : profile.needs()) {
    json["needs"].push_back({{"item_id", need.item_id()},
                             {"title", need.title()},
                             {"purchases", need.purchase_count()},
                             {"gap_days", need.gap_days()},
                             {"due", ToText(need.due_time())}});
  }
  for (const auto& feature : profile.features()) {
    json["features"].push_back(
        {{"name", feature.name()},
         {"value", ToJson(feature.value())},
         {"status", StatusName(feature.status())},
         {"time", feature.has_time() ? Json(ToText(feature.time())) : Json()}});
  }
  if (profile.has_next_order_time()) json["next_order"] = ToText(profile.next_order_time());
  if (profile.has_report()) json["report_as_of"] = ToText(profile.report().as_of_time());
  return json;
}

void PrintReportPart(const v1::GetUserProfileResponse& profile) {
  if (profile.segment().empty()) {
    std::printf("segment     none: not in a report yet\n");
    return;
  }
  std::printf("segment     %s\n", profile.segment().c_str());
  if (!profile.rfm().group().empty()) {
    std::printf("buyer       %s: recency %d, frequency %d, value %d of 5\n",
                profile.rfm().group().c_str(), profile.rfm().recency(), profile.rfm().frequency(),
                profile.rfm().monetary());
  }
  for (const auto& one : profile.favourite_categories()) {
    std::printf("likes       %s, %.0f %%\n", one.category().c_str(), 100 * one.share());
  }
  for (const auto& need : profile.needs()) {
    std::printf("needs       %s %s: due %s, bought %d times, every %.0f days\n",
                need.item_id().c_str(), need.title().c_str(), ToDay(need.due_time()).c_str(),
                need.purchase_count(), need.gap_days());
  }
  if (profile.has_next_order_time()) {
    std::printf("next order  %s\n", ToDay(profile.next_order_time()).c_str());
  }
  std::printf("report      as of %s\n", ToText(profile.report().as_of_time()).c_str());
}

// What is known; a line for the rest.
void PrintFeatures(const v1::GetUserProfileResponse& profile) {
  int num_missing = 0;
  for (const auto& feature : profile.features()) {
    if (feature.status() == v1::Feature::STATUS_MISSING) {
      ++num_missing;
      continue;
    }
    const bool is_stale = feature.status() == v1::Feature::STATUS_STALE;
    std::printf("%-26s %s%s\n", feature.name().c_str(), ToText(feature.value()).c_str(),
                is_stale ? (", stale since it was put at " + ToText(feature.time())).c_str() : "");
  }
  std::printf("%d more features are missing\n", num_missing);
}

// The first question waits for the report, which looks at all that ever happened in the shop.
constexpr Micros kFirstReportUs = 600 * kMicrosPerSecond;

absl::Status ShowUser(const UserFlags& flags) {
  if (flags.user.empty() && flags.visitor.empty()) {
    return UsageError("give --user ID, --visitor ID or both");
  }
  v1::GetUserProfileRequest request;
  request.set_user_id(flags.user);
  request.set_visitor_id(flags.visitor);
  VITRINE_ASSIGN_OR_RETURN(const auto client, Connect(flags.target, kFirstReportUs));
  VITRINE_ASSIGN_OR_RETURN(const auto profile, client->GetUserProfile(request));
  if (flags.is_json) {
    std::printf("%s\n", ToJson(profile).dump().c_str());
    return absl::OkStatus();
  }
  PrintReportPart(profile);
  std::printf("\n");
  PrintFeatures(profile);
  return absl::OkStatus();
}

// One id or the other, as the two calls below want it.
template <typename Request>
absl::StatusOr<Request> AskAbout(const UserFlags& flags) {
  if (flags.user.empty() == flags.visitor.empty()) {
    return UsageError("give one of --user ID and --visitor ID");
  }
  Request request;
  if (flags.user.empty()) {
    request.set_visitor_id(flags.visitor);
  } else {
    request.set_user_id(flags.user);
  }
  return request;
}

absl::Status ExportUser(const UserFlags& flags) {
  VITRINE_ASSIGN_OR_RETURN(const auto request, AskAbout<v1::ExportUserDataRequest>(flags));
  VITRINE_ASSIGN_OR_RETURN(const auto client, Connect(flags.target));
  return client->ExportUserData(request, [](const v1::ExportUserDataResponse& part) {
    const std::string lines = ToJsonLines(part);
    return std::fwrite(lines.data(), 1, lines.size(), stdout) == lines.size();
  });
}

absl::Status EraseUser(const UserFlags& flags) {
  VITRINE_ASSIGN_OR_RETURN(const auto request, AskAbout<v1::EraseUserRequest>(flags));
  VITRINE_ASSIGN_OR_RETURN(const auto client, Connect(flags.target, kFirstReportUs));
  VITRINE_ASSIGN_OR_RETURN(const auto response, client->EraseUser(request));
  std::printf("%s", vitrine::ToJson(response.receipt()).c_str());
  return absl::OkStatus();
}

}  // namespace

void AddUserCommand(CLI::App& app, int& exit_status) {
  CLI::App* command =
      AddCommand(app, "user", "Show what is known of a shopper",
                 "Example: vitrine user --target 127.0.0.1:50051 --user u00001\n"
                 "The segment, the likes and the needs are from the server's latest report, the\n"
                 "features as of now. Exit status 1 when nothing is known of the shopper.\n"
                 "  vitrine user export --target 127.0.0.1:50051 --user u00001 > u00001.jsonl\n"
                 "  vitrine user erase --target 127.0.0.1:50051 --user u00001 > receipt.json\n"
                 "hand out all that is held, and forget it for good: docs/privacy.md.");
  const auto flags = std::make_shared<UserFlags>();
  AddTargetOptions(*command, flags->target)->required();
  command->add_option("--user", flags->user, "Signed-in shopper");
  command->add_option("--visitor", flags->visitor, "Anonymous shopper");
  command->add_flag("--json", flags->is_json, "One JSON object for scripts");
  // Flags stand behind the word, so they are this command's.
  const CLI::App* exported =
      AddCommand(
          *command, "export", "Print all that is held of a person, as JSON lines",
          "Example: vitrine user export --target 127.0.0.1:50051 --user u00001 > u00001.jsonl\n"
          "--target, --user and --visitor are those of vitrine user; docs/privacy.md.")
          ->fallthrough();
  const CLI::App* erased =
      AddCommand(
          *command, "erase", "Forget a person for good, and print the receipt",
          "Example: vitrine user erase --target 127.0.0.1:50051 --user u00001 > receipt.json\n"
          "--target, --user and --visitor are those of vitrine user; docs/privacy.md.")
          ->fallthrough();
  command->require_subcommand(0, 1);
  RunOnParse(command, exit_status, [flags, exported, erased] {
    if (exported->parsed()) return ExportUser(*flags);
    if (erased->parsed()) return EraseUser(*flags);
    return ShowUser(*flags);
  });
}

}  // namespace vitrine::cli
