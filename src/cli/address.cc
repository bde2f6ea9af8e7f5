#include "cli/address.h"

#include <string_view>

namespace vitrine::cli {
namespace {

bool IsUnix(std::string_view address) { return address.starts_with("unix:"); }

// A name such as 127.example.com is no address of this machine.
bool IsLoopbackNumber(std::string_view host) {
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos;
}

}  // namespace

bool IsPrivateAddress(const std::string& address) {
  if (IsUnix(address)) return true;
  const std::string_view host = std::string_view(address).substr(0, address.rfind(':'));
  return host == "localhost" || host == "[::1]" || IsLoopbackNumber(host);
}

}  // namespace vitrine::cli
