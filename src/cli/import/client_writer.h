#pragma once

#include <memory>

#include "cli/import/shop_writer.h"
#include "vitrine/client/client.h"

namespace vitrine::cli {

// Writes to a server, one batch at a time, so that what comes later wins there too. `client` must
// outlive it. Errors: those of the calls, which are the store's.
std::unique_ptr<ShopWriter> MakeClientWriter(Client& client);

}  // namespace vitrine::cli
