#pragma once

#include <string>
#include <string_view>

namespace vitrine {

// `text` without the addresses in it, as gRPC spells them ("ipv4:192.0.2.1:443"): the log has none.
std::string WithoutAddresses(std::string_view text);

}  // namespace vitrine
