#include "cli/unknown_files.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "vitrine/base/status_macros.h"

namespace vitrine::cli {
namespace {

constexpr std::array<std::string_view, 4> kStoreFolders = {"", "db/", "models/", "imports/"};

// A file, or with a '/' behind a folder, of one of these. A '*' stands for any text.
struct StoreFile {
  std::string_view folder{};
  std::string_view name{};
};
constexpr std::array<StoreFile, 22> kStoreFiles = {{
    {"", "db/"},
    {"", "models/"},
    {"", "imports/"},
    {"", "keys"},
    {"", "placements"},
    {"", "views-*.checkpoint"},
    {"", "lost+found/"},  // A volume's own, at its root.
    {"db/", "CURRENT"},
    {"db/", "IDENTITY"},
    {"db/", "LOCK"},
    {"db/", "OWNER"},
    {"db/", "MANIFEST-*"},
    {"db/", "OPTIONS-*"},
    {"db/", "*.dbtmp"},
    {"db/", "*.log"},
    {"db/", "*.sst"},
    {"models/", "LIVE"},
    {"models/", "CANDIDATE"},
    {"models/", "PROBATION"},
    {"models/", "TRAININGS"},
    {"models/", "*.bundle"},
    {"imports/", "*.note"},
}};

bool MatchesPattern(std::string_view name, std::string_view pattern) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return name == pattern;
  return name.size() + 1 >= pattern.size() && name.starts_with(pattern.substr(0, star)) &&
         name.ends_with(pattern.substr(star + 1));
}

bool IsOfTheStore(std::string_view folder, std::string_view name) {
  // Half written by what was killed: WriteFileAtomically puts another in its place.
  if (name.ends_with(".tmp")) return true;
  return std::any_of(kStoreFiles.begin(), kStoreFiles.end(), [&](const StoreFile& file) {
    return file.folder == folder && MatchesPattern(name, file.name);
  });
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ListUnknownFiles(FileSystem& files,
                                                          const std::string& store) {
  std::vector<std::string> unknown;
  for (const std::string_view folder : kStoreFolders) {
    const std::string path = store + "/" + std::string(folder);
    const auto names = files.ListFolder(path);
    if (absl::IsNotFound(names.status())) continue;
    VITRINE_RETURN_IF_ERROR(names.status());
    for (std::string name : *names) {
      std::error_code error;
      if (std::filesystem::is_directory(path + name, error)) name += '/';
      if (!IsOfTheStore(folder, name)) unknown.push_back(std::string(folder) + name);
    }
  }
  return unknown;
}

}  // namespace vitrine::cli
