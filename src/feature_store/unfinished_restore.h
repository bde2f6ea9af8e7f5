#pragma once

#include <string>

namespace vitrine {

// Where a restore into a folder that is there copies to: within it, since the root of a volume can
// neither be replaced nor be reached by a rename from outside. As long as it is there, what is
// beside it is no store.
inline std::string UnfinishedRestore(const std::string& folder) {
  return folder + "/restore.unfinished";
}

}  // namespace vitrine
