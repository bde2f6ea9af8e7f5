// Tries a fuzzer where there is no libFuzzer: on its corpus, and on inputs that chance makes of it,
// always the same ones. Finds less than a fuzzer that sees which branches an input takes, and is
// run with every change. What breaks something is kept in the working folder, as libFuzzer does.
//
//   fuzz_NAME CORPUS INPUTS
#include <sanitizer/common_interface_defs.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "vitrine/base/random.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using vitrine::Random;

constexpr std::size_t kMostBytes = 8192;

std::string program;  // fuzz_NAME
std::string current;  // The input that is tried.

void KeepCurrent() {
  const std::string path = "crash-" + program;
  std::ofstream(path, std::ios::binary) << current;
  std::fprintf(stderr, "the input is in %s\n", path.c_str());
}

void Try(const std::string& input) {
  current = input;
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(current.data()), current.size());
}

// By name, so that the order is the same everywhere.
std::vector<std::string> ReadCorpus(const std::string& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> inputs;
  for (const std::filesystem::path& path : paths) {
    std::ifstream file(path, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return inputs;
}

// A part of `text`, at most 64 bytes.
std::string PartOf(const std::string& text, Random& random) {
  if (text.empty()) return "";
  return text.substr(random.Below(text.size()), 1 + random.Below(64));
}

// One small change.
void Change(std::string& input, const std::string& other, Random& random) {
  constexpr const char* kTelling[] = {
      "\xff\xff\xff\xff", "-1", "99999999999999999999", "1e999", "\"", "\\", "{[", "]}", ",", "\n",
      "\xc3\xa9",         "nan"};
  const std::size_t at = random.Below(input.size() + 1);
  switch (random.Below(6)) {
    case 0:  // A bit.
      if (at < input.size()) {
        input[at] = static_cast<char>(input[at] ^ static_cast<char>(1U << random.Below(8)));
      }
      break;
    case 1:  // A byte.
      if (at < input.size()) input[at] = static_cast<char>(random.Below(256));
      break;
    case 2:
      input.erase(at, 1 + random.Below(16));
      break;
    case 3:  // Once more.
      input.insert(at, PartOf(input, random));
      break;
    case 4:
      input.insert(at, PartOf(other, random));
      break;
    default:
      input.insert(at, kTelling[random.Below(std::size(kTelling))]);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s CORPUS INPUTS\n", argv[0]);
    return 2;
  }
  const std::vector<std::string> corpus = ReadCorpus(argv[1]);
  if (corpus.empty()) {
    std::fprintf(stderr, "%s has no inputs\n", argv[1]);
    return 2;
  }
  program = std::filesystem::path(argv[0]).filename();
  __sanitizer_set_death_callback(KeepCurrent);
  std::signal(SIGABRT, [](int /*signal*/) { KeepCurrent(); });  // A check of the fuzzer's own.
  for (const std::string& input : corpus) Try(input);
  Random random(1);
  const long num_inputs = std::atol(argv[2]);
  for (long i = 0; i < num_inputs; ++i) {
    std::string input = corpus[random.Below(corpus.size())];
    const std::string& other = corpus[random.Below(corpus.size())];
    for (std::size_t changes = 1 + random.Below(8); changes > 0; --changes) {
      Change(input, other, random);
    }
    input.resize(std::min(input.size(), kMostBytes));
    Try(input);
  }
  std::printf("%zu inputs of the corpus and %ld made of them\n", corpus.size(), num_inputs);
  return 0;
}
