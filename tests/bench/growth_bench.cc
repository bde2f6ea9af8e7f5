// Says how the time and the memory of a training grow with the shop.
//
//   growth_bench [--scale MILLIONS,...] [--scorer NAME] [--set KEY=VALUE]...
//
// For each scale (1,10,50) a shop of about so many millions of interactions is made up, and each
// scorer (ials, item_knn, rp3beta, graph_filter) trained on it with two threads, in a process of
// its own, so that the peak of memory is that training's: what it adds to the shop itself. The
// exponents are those of the lines that fit best through the logarithms. docs/growth.md has a
// table.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/made_up_shop.h"
#include "bench/measuring.h"
#include "vitrine/training/trainer.h"

namespace vitrine {
namespace {

constexpr std::size_t kThreads = 2;
constexpr std::size_t kMeanHistory = 30;

struct Contestant {
  std::string scorer{};
  Settings settings{};
};

struct Plan {
  std::vector<double> millions = {1, 10, 50};
  // Only the linear filter: the others cost interactions times items by what they compute.
  std::vector<Contestant> contestants = {
      {"ials", {}}, {"item_knn", {}}, {"rp3beta", {}}, {"graph_filter", {{"filter", "linear"}}}};
};

// What one training took.
struct Cost {
  double seconds = 0;
  double cpu_seconds = 0;  // Of both threads together.
  double added_bytes = 0;
};

// A shop of about `interactions` pairs. Shoppers grow with them, as a shop's do: 30 pairs each on
// average. Items grow with their root, as a catalogue does that is 14,000 items at a million pairs
// and 99,000 at 50 million.
ShopShape ShapeOf(double interactions) {
  ShopShape shape{.least_history = 8, .mean_beyond_least = 22.5, .share_of_strays = 0.2};
  shape.num_users = static_cast<std::size_t>(interactions / kMeanHistory);
  const auto part_items = static_cast<std::size_t>(14 * std::sqrt(interactions)) / shape.num_parts;
  shape.num_items = part_items * shape.num_parts;
  return shape;
}

Dataset MadeUpShop(double interactions) {
  const ShopShape shape = ShapeOf(interactions);
  Dataset shop;
  for (std::size_t item = 0; item < shape.num_items; ++item) {
    shop.item_ids.push_back(std::to_string(item));
  }
  shop.items.resize(shape.num_items);
  shop.user_begin.reserve(shape.num_users + 1);
  shop.interactions.reserve(static_cast<std::size_t>(1.01 * interactions));
  Random random(1);
  AppendHistories(shape, random, shop);
  return shop;
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::optional<Cost> Train(const Contestant& contestant, const Dataset& shop) {
  const double bytes_before = MemoryBytes("VmRSS");
  const double cpu_before = CpuSeconds();
  const Micros start = MonotonicNow();
  ThreadPool pool(kThreads);
  const auto model =
      FindTrainer(contestant.scorer)->train(shop, contestant.settings, {.pool = &pool});
  if (!model.ok()) {
    std::fprintf(stderr, "%s\n", model.status().ToString().c_str());
    return std::nullopt;
  }
  return Cost{.seconds = SecondsSince(start),
              .cpu_seconds = CpuSeconds() - cpu_before,
              .added_bytes = MemoryBytes("VmHWM") - bytes_before};
}

// The same in a child, whose peak knows of no other training. It shares the shop's memory.
std::optional<Cost> TrainInChild(const Contestant& contestant, const Dataset& shop) {
  int ends[2];
  if (pipe(ends) != 0) return std::nullopt;
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    const std::optional<Cost> cost = Train(contestant, shop);
    const bool is_told = cost.has_value() && write(ends[1], &*cost, sizeof *cost) == sizeof *cost;
    _exit(is_told ? 0 : 1);
  }
  close(ends[1]);
  Cost cost;
  const bool is_told = child > 0 && read(ends[0], &cost, sizeof cost) == sizeof cost;
  close(ends[0]);
  if (child > 0) waitpid(child, nullptr, 0);
  if (!is_told) return std::nullopt;
  return cost;
}

// The slope of the line through (x, y) whose squared errors sum to the least.
double Slope(const std::vector<std::pair<double, double>>& points) {
  double mean_x = 0;
  double mean_y = 0;
  for (const auto& [x, y] : points) {
    mean_x += x / static_cast<double>(points.size());
    mean_y += y / static_cast<double>(points.size());
  }
  double shared = 0;
  double spread = 0;
  for (const auto& [x, y] : points) {
    shared += (x - mean_x) * (y - mean_y);
    spread += (x - mean_x) * (x - mean_x);
  }
  return shared / spread;
}

struct Measured {
  double interactions = 0;
  Cost cost{};
};

double Exponent(const std::vector<Measured>& all, double Cost::*figure) {
  std::vector<std::pair<double, double>> points;
  for (const Measured& each : all) {
    points.emplace_back(std::log(each.interactions), std::log(each.cost.*figure));
  }
  return Slope(points);
}

std::string NameOf(const Contestant& contestant) {
  std::string name = contestant.scorer;
  for (const auto& [key, value] : contestant.settings) name += " " + key + "=" + value;
  return name;
}

void Measure(const Plan& plan) {
  std::printf("%s, %zu threads\n\n", ProcessorName().c_str(), kThreads);
  std::printf("| scorer | interactions | shoppers | items | seconds | CPU seconds | added MB |\n");
  std::printf("|---|---|---|---|---|---|---|\n");
  std::map<std::string, std::vector<Measured>> by_name;
  for (const double millions : plan.millions) {
    const Dataset shop = MadeUpShop(1e6 * millions);
    const auto interactions = static_cast<double>(shop.interactions.size());
    for (const Contestant& contestant : plan.contestants) {
      const auto cost = TrainInChild(contestant, shop);
      if (!cost) continue;
      const std::string name = NameOf(contestant);
      std::printf("| %s | %.0f | %zu | %zu | %.2f | %.2f | %.0f |\n", name.c_str(), interactions,
                  shop.num_users(), shop.num_items(), cost->seconds, cost->cpu_seconds,
                  cost->added_bytes / 1e6);
      by_name[name].push_back({interactions, *cost});
    }
  }
  if (plan.millions.size() < 2) return;
  std::printf("\n| exponent of | time | CPU time | memory |\n|---|---|---|---|\n");
  for (const auto& [name, all] : by_name) {
    std::printf("| %s | %.2f | %.2f | %.2f |\n", name.c_str(), Exponent(all, &Cost::seconds),
                Exponent(all, &Cost::cpu_seconds), Exponent(all, &Cost::added_bytes));
  }
}

std::vector<double> Numbers(const char* text) {
  std::vector<double> numbers;
  for (char* rest = nullptr; *text != '\0'; text = *rest == ',' ? rest + 1 : rest) {
    numbers.push_back(std::strtod(text, &rest));
    if (rest == text || numbers.back() <= 0) return {};
  }
  return numbers;
}

// Nothing where the arguments make no sense.
std::optional<Plan> ReadPlan(int argc, char** argv) {
  Plan plan;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    const std::string value = argv[i + 1];
    if (flag == "--scale") {
      plan.millions = Numbers(argv[i + 1]);
    } else if (flag == "--scorer") {
      std::erase_if(plan.contestants, [&](const Contestant& each) { return each.scorer != value; });
      if (plan.contestants.empty() && FindTrainer(value)) plan.contestants = {{value, {}}};
    } else if (flag == "--set" && value.find('=') != std::string::npos) {
      const std::size_t middle = value.find('=');
      for (Contestant& each : plan.contestants) {
        each.settings[value.substr(0, middle)] = value.substr(middle + 1);
      }
    } else {
      return std::nullopt;
    }
  }
  if (argc % 2 == 0 || plan.millions.empty() || plan.contestants.empty()) return std::nullopt;
  return plan;
}

int Run(int argc, char** argv) {
  const std::optional<Plan> plan = ReadPlan(argc, argv);
  if (!plan) {
    std::fprintf(stderr,
                 "usage: growth_bench [--scale MILLIONS,...] [--scorer NAME] "
                 "[--set KEY=VALUE]...\n");
    return 2;
  }
  Measure(*plan);
  return 0;
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) { return vitrine::Run(argc, argv); }
