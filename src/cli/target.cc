#include "cli/target.h"

#include <cstdlib>

#include "absl/strings/str_format.h"
#include "cli/command.h"
#include "vitrine/base/file_system.h"
#include "vitrine/base/status_macros.h"

namespace vitrine::cli {
namespace {

constexpr const char* kKeyVariable = "VITRINE_KEY";

// The first line without the white space around it: what travels as metadata has none.
absl::StatusOr<std::string> KeyFrom(const std::string& text, const std::string& place) {
  constexpr const char* kBlanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  const std::string key = begin == std::string::npos
                              ? ""
                              : text.substr(begin, text.find_first_of(kBlanks, begin) - begin);
  for (const char c : key) {
    if (c > ' ' && c <= '~') continue;
    return UsageError(absl::StrFormat("%s holds what is no key: bytes beyond ASCII", place));
  }
  if (key.empty()) {
    return UsageError(absl::StrFormat(
        "%s holds no key; it wants the one line that `vitrine keys create` printed", place));
  }
  return key;
}

absl::StatusOr<std::string> ReadKey(const std::string& file) {
  if (!file.empty()) {
    VITRINE_ASSIGN_OR_RETURN(const std::string text, LocalFileSystem().ReadFile(file));
    return KeyFrom(text, file);
  }
  const char* value = std::getenv(kKeyVariable);
  if (value == nullptr || *value == '\0') return std::string();
  return KeyFrom(value, kKeyVariable);
}

absl::Status ReadInto(const std::string& file, std::string& place) {
  if (file.empty()) return absl::OkStatus();
  VITRINE_ASSIGN_OR_RETURN(place, LocalFileSystem().ReadFile(file));
  return absl::OkStatus();
}

}  // namespace

CLI::Option* AddTargetOptions(CLI::App& command, Target& target) {
  CLI::Option* address = command.add_option("--target", target.address, "Address of a server");
  command.add_option("--key-file", target.key_file,
                     "File with the key to show [the variable VITRINE_KEY]");
  command.add_flag("--tls", target.is_tls, "Talk TLS, and trust whom this machine trusts");
  command.add_option("--ca", target.ca, "PEM file of certificates to trust instead; with TLS");
  command.add_option("--cert", target.certificate, "PEM file of a certificate to show; with TLS");
  command.add_option("--cert-key", target.private_key, "PEM file of its private key");
  return address;
}

absl::StatusOr<ClientOptions> ReadClientOptions(const Target& target) {
  if (target.certificate.empty() != target.private_key.empty()) {
    return UsageError("give both of --cert and --cert-key, or neither");
  }
  ClientOptions options;
  VITRINE_ASSIGN_OR_RETURN(options.key, ReadKey(target.key_file));
  options.tls.is_on = target.is_tls || !target.ca.empty() || !target.certificate.empty();
  VITRINE_RETURN_IF_ERROR(ReadInto(target.ca, options.tls.root_certificates));
  VITRINE_RETURN_IF_ERROR(ReadInto(target.certificate, options.tls.certificate));
  VITRINE_RETURN_IF_ERROR(ReadInto(target.private_key, options.tls.private_key));
  return options;
}

absl::StatusOr<std::unique_ptr<Client>> Connect(const Target& target, Micros timeout_us) {
  VITRINE_ASSIGN_OR_RETURN(ClientOptions options, ReadClientOptions(target));
  options.timeout = timeout_us;
  return Client::Connect(target.address, options);
}

}  // namespace vitrine::cli
