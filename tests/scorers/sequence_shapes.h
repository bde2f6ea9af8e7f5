#pragma once

#include <vector>

#include "vitrine/scorers/dnn/sequence_network.h"

namespace vitrine::testing {

inline SequenceShape SmallShape(SequenceKind kind) {
  return {.kind = kind,
          .num_items = 6,
          .dimensions = 4,
          .num_layers = 2,
          .num_heads = 2,
          .length = 5,
          .has_time_gaps = true,
          .has_event_types = true,
          .has_distances = true};
}

inline SequenceShape BertShape() {
  SequenceShape shape = SmallShape(SequenceKind::kTransformer);
  shape.counts_back = true;
  shape.block = BlockKind::kBert;
  return shape;
}

inline SequenceShape BsaRecShape() {
  SequenceShape shape = BertShape();
  shape.block = BlockKind::kBsaRec;
  shape.num_frequencies = 2;
  shape.frequency_share = 0.6;
  return shape;
}

// One of each kind and block.
inline std::vector<SequenceShape> SequenceShapes() {
  return {SmallShape(SequenceKind::kGru), SmallShape(SequenceKind::kLstm),
          SmallShape(SequenceKind::kTransformer), BertShape(), BsaRecShape()};
}

}  // namespace vitrine::testing
