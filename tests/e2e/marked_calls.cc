#include "e2e/marked_calls.h"

#include <gmock/gmock.h>
#include <google/protobuf/message.h>
#include <grpcpp/create_channel.h>

#include <chrono>
#include <map>
#include <memory>
#include <utility>

#include "grpc/health/v1/health.grpc.pb.h"
#include "testing/wire_methods.h"

namespace vitrine::testing {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;

constexpr int kMostNested = 8;  // Messages in messages, should one ever hold its own kind.
// Of a call. Long: reports and exports are made by threads that wait for all others of the machine.
constexpr auto kLimit = std::chrono::seconds(300);

// What a sound request has instead of a mark, by the field's name, or by its full one where that is
// meant alone; empty: the field is left out.
const std::map<std::string, std::string>& SoundTexts() {
  static const auto* const texts = new std::map<std::string, std::string>{
      {"currency_code", "EUR"},
      {"fallbacks", "recommended-for-you"},
      {"filter", "brand = \"" + Marked("brand") + "\""},
      {"item_ids", Marked("item_id")},  // Of the item that was put.
      {"min_consistency_token", ""},
      {"name", "plain"},  // Of a placement or a feature: lower-case letters.
      {"page_token", ""},
      {"vitrine.v1.Event.rating", ""},                       // Not of the type that it gets.
      {"vitrine.v1.RecommendItemsRequest.exploration", ""},  // Not beside a diversity.
      {"vitrine.v1.RecommendItemsRequest.placement", "recommended-for-you"},
      {"vitrine.v1.Placement.WeightsEntry.key", "most_popular"},
      {"vitrine.v1.WeightedName.name", Marked("name")}};
  return *texts;
}

// Null: a mark will do.
const std::string* FindSoundText(const FieldDescriptor& field) {
  for (const std::string* name : {&field.full_name(), &field.name()}) {
    const auto found = SoundTexts().find(*name);
    if (found != SoundTexts().end()) return &found->second;
  }
  return nullptr;
}

bool HoldsText(const FieldDescriptor& field, int depth = 0) {
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) return true;
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || depth == kMostNested) return false;
  const Descriptor& type = *field.message_type();
  for (int i = 0; i < type.field_count(); ++i) {
    if (HoldsText(*type.field(i), depth + 1)) return true;
  }
  return false;
}

// Truths stay false, as most callers have them.
void SetNumber(const FieldDescriptor& field, Message& message) {
  const Reflection& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection.SetInt32(&message, &field, 1);
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection.SetInt64(&message, &field, 1);
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection.SetUInt32(&message, &field, 1);
    case FieldDescriptor::CPPTYPE_UINT64:
      return reflection.SetUInt64(&message, &field, 1);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return reflection.SetFloat(&message, &field, 0.5F);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return reflection.SetDouble(&message, &field, 0.5);
    case FieldDescriptor::CPPTYPE_ENUM: {
      const auto& values = *field.enum_type();  // The last one: the first says nothing.
      return reflection.SetEnumValue(&message, &field,
                                     values.value(values.value_count() - 1)->number());
    }
    default:
      return;
  }
}

class Filling {
 public:
  explicit Filling(const Marking& marking) : marking_(marking) {}

  void Fill(Message& message, int depth = 0) const {
    const Descriptor& type = *message.GetDescriptor();
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      if (field.real_containing_oneof() == nullptr) Set(field, message, depth);
    }
    for (int i = 0; i < type.real_oneof_decl_count(); ++i) {
      Set(Choose(*type.oneof_decl(i)), message, depth);
    }
  }

 private:
  const FieldDescriptor& Choose(const OneofDescriptor& oneof) const {
    std::vector<const FieldDescriptor*> with_text;
    for (int i = 0; i < oneof.field_count(); ++i) {
      if (HoldsText(*oneof.field(i))) with_text.push_back(oneof.field(i));
    }
    if (with_text.empty()) return *oneof.field(0);
    return *with_text[marking_.alternative % with_text.size()];
  }

  void Set(const FieldDescriptor& field, Message& message, int depth) const {
    const std::string* sound = marking_.is_sound ? FindSoundText(field) : nullptr;
    if (sound != nullptr && sound->empty()) return;
    const Reflection& reflection = *message.GetReflection();
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      std::string text = sound != nullptr ? *sound : Marked(field.name());
      if (field.is_repeated()) return reflection.AddString(&message, &field, std::move(text));
      return reflection.SetString(&message, &field, std::move(text));
    }
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      if (depth == kMostNested) return;
      Message* const inner = field.is_repeated() ? reflection.AddMessage(&message, &field)
                                                 : reflection.MutableMessage(&message, &field);
      return Fill(*inner, depth + 1);
    }
    if (!field.is_repeated()) SetNumber(field, message);
  }

  const Marking marking_;
};

std::string RequestOf(const MethodDescriptor& method, const Marking& marking) {
  const std::unique_ptr<Message> request(google::protobuf::MessageFactory::generated_factory()
                                             ->GetPrototype(method.input_type())
                                             ->New());
  Filling(marking).Fill(*request);
  return request->SerializeAsString();
}

MethodsByService FindMethods(const std::shared_ptr<grpc::Channel>& channel) {
  grpc::ClientContext context;
  grpc::health::v1::HealthListResponse services;
  const grpc::Status listed = grpc::health::v1::Health::NewStub(channel)->List(
      &context, grpc::health::v1::HealthListRequest(), &services);
  EXPECT_TRUE(listed.ok()) << listed.error_message();
  return MethodsOf(services);
}

// Streams have a line only where they fail, the health check has none.
bool MayBeSampled(const MethodDescriptor& method) {
  return !method.client_streaming() && !method.server_streaming() &&
         method.full_name().starts_with("vitrine.");
}

MarkedCall CallOne(grpc::Channel& channel, const MethodDescriptor& method, const std::string& key,
                   const std::string& request) {
  const std::string path = PathOf(method);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kLimit);
  if (!key.empty()) context.AddMetadata("authorization", "Bearer " + key);
  context.AddMetadata("x-request-id", Marked("ann@example.com"));
  const auto call = BeginCall(channel, path, context);
  const grpc::Slice bytes(request);
  call->Write(grpc::ByteBuffer(&bytes, 1));
  call->WritesDone();
  for (grpc::ByteBuffer reply; call->Read(&reply);) {
    if (IsEndless(method)) context.TryCancel();
  }
  const grpc::Status status = call->Finish();
  EXPECT_NE(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED) << path;
  // The server's end. Over the loopback device it is also the address of the other one.
  EXPECT_THAT(context.peer(), ::testing::HasSubstr(std::string(kCallersAddress) + ":"));
  return {.method = method.full_name(),
          .code = status.error_code(),
          .may_be_sampled = MayBeSampled(method)};
}

}  // namespace

std::vector<MarkedCall> CallEveryMethod(const std::string& address, const std::string& key,
                                        const Marking& marking) {
  const std::shared_ptr<grpc::Channel> channel =
      grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
  std::vector<MarkedCall> calls;
  for (const auto& service : FindMethods(channel)) {
    for (const MethodDescriptor* method : service) {
      calls.push_back(CallOne(*channel, *method, key, RequestOf(*method, marking)));
    }
  }
  return calls;
}

}  // namespace vitrine::testing
