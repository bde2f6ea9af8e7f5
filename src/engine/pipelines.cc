// What one model set and one table of placements answer with.
#include <algorithm>
#include <map>
#include <utility>

#include "engine/engine_state.h"

namespace vitrine {

namespace {

// Enough that every page of the models that most lists are made of has been read.
constexpr std::size_t kWarmQuestions = 16;
constexpr std::size_t kWarmListSize = 20;

// The models as they compare items: what they say of the one item that a page is about. A content
// model needs no other form for that.
std::shared_ptr<const ModelSet> ItemToItemForms(const ModelSet& models) {
  auto forms = std::make_shared<ModelSet>();
  forms->version = models.version;
  forms->weights = models.weights;
  for (const Model& model : models.models) {
    const bool is_content = model.family == ModelFamily::kContent;
    if (model.item_to_item == nullptr && !is_content) continue;
    forms->models.push_back(model);
    if (model.item_to_item != nullptr) forms->models.back().scorer = model.item_to_item;
  }
  return forms;
}

// The set without models that have no weight, and that no ranker listens to: what is there for some
// placements alone costs the others nothing.
std::shared_ptr<const ModelSet> WithoutTheUnasked(std::shared_ptr<const ModelSet> models,
                                                  const BlendOptions& options) {
  const BlendWeights weights = ChosenWeights(options, models->weights);
  const auto is_asked = [&](const Model& model) {
    const auto weight = weights.find(model.name);
    return weight != weights.end() && weight->second.weight > 0;
  };
  const bool has_others = !std::all_of(models->models.begin(), models->models.end(), is_asked);
  if (!has_others || RankerOf(*models) != nullptr) return models;
  auto asked = std::make_shared<ModelSet>(*models);
  std::erase_if(asked->models, [&](const Model& model) { return !is_asked(model); });
  return asked;
}

// Those of the set and of `live` that are named, to be blended by weights that were not learned.
std::shared_ptr<const ModelSet> OnlyNamed(const ModelSet& models, std::span<const Model> live,
                                          const std::map<std::string, double>& names) {
  auto named = std::make_shared<ModelSet>();
  named->version = models.version;
  for (const std::span<const Model> from : {std::span<const Model>(models.models), live}) {
    for (const Model& model : from) {
      if (names.contains(model.name)) named->models.push_back(model);
    }
  }
  return named;
}

}  // namespace

const Pipeline& Pipelines::For(const Placement& placement) const {
  const auto own = of_placements.find(placement.name);
  if (own != of_placements.end()) return own->second;
  return placement.subject == Placement::Subject::kShopper ? for_shopper : for_item;
}

std::shared_ptr<const Placements::Table> Engine::State::Table() const {
  return placements == nullptr ? Placements::BuiltIn() : placements->All();
}

std::shared_ptr<const Pipelines> Engine::State::MakePipelines(
    const std::shared_ptr<const ModelSet>& current,
    const std::shared_ptr<const Placements::Table>& table) const {
  BlendOptions for_item = options.blend;
  for_item.cold_start_events = 0;  // The item is all there is to know.
  const auto item_forms = ItemToItemForms(*current);
  auto made = std::make_shared<Pipelines>(
      Pipelines{.models = current,
                .placements = table,
                .for_shopper = Pipeline(WithoutTheUnasked(current, options.blend), options.blend),
                .for_item = Pipeline(item_forms, for_item)});
  for (const auto& [name, entry] : *table) {
    const Placement& placement = entry.placement;
    if (placement.weights.empty()) continue;
    const bool is_for_shopper = placement.subject == Placement::Subject::kShopper;
    BlendOptions own = is_for_shopper ? options.blend : for_item;
    own.weights = placement.weights;
    made->of_placements.emplace(name, Pipeline(OnlyNamed(is_for_shopper ? *current : *item_forms,
                                                         live_models, placement.weights),
                                               std::move(own)));
  }
  return made;
}

std::shared_ptr<const Pipelines> Engine::State::CurrentPipelines() {
  std::lock_guard lock(mutex);  // First: what was read before could be older than what is made.
  std::shared_ptr<const ModelSet> current = models.Get();
  if (current == nullptr) current = no_models;
  const std::shared_ptr<const Placements::Table> table = Table();
  const auto is_for = [&](const std::shared_ptr<const Pipelines>& made) {
    return made != nullptr && made->models == current && made->placements == table;
  };
  if (!is_for(pipelines)) {
    pipelines = is_for(warm) ? std::exchange(warm, nullptr) : MakePipelines(current, table);
  }
  return pipelines;
}

void Engine::State::WarmUp(const std::shared_ptr<const ModelSet>& next) {
  std::shared_ptr<const Pipelines> made = MakePipelines(next, Table());
  const auto ask = [this](const Pipeline& pipeline, ItemIndex item) {
    const Query query{.context_items = {&item, 1}, .now_us = clock.Now()};
    (void)pipeline.Recommend({&query, 1}, nullptr, kWarmListSize);
  };
  const std::size_t num_items = catalogue().num_indices();
  const std::size_t num_questions = std::min(num_items, kWarmQuestions);
  // About items all over the catalogue.
  const auto item_of = [&](std::size_t number) {
    return static_cast<ItemIndex>(number % num_questions * num_items / num_questions);
  };
  for (std::size_t number = 0; number < num_questions; ++number) {
    ask(made->for_shopper, item_of(number));
    ask(made->for_item, item_of(number));
  }
  // Once each: there may be a thousand.
  std::size_t number = 0;
  for (const auto& [name, pipeline] : made->of_placements) {
    if (num_questions > 0) ask(pipeline, item_of(number++));
  }
  std::lock_guard lock(mutex);
  warm = std::move(made);
}

}  // namespace vitrine
