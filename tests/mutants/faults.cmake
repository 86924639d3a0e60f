# Faults of the kind that people make, planted one at a time by cmake/mutants.cmake; the tests must find each.
#
#   found_by(<test> [<what it is linked with>...])   the program, of files in tests/, that should find the faults below it
#   fault(<name> <header in include/attend> <text> <what it becomes>)   the text stands in the header once

set(laws laws/policies laws/bound_results laws/variants_normalizers laws/variants_more_normalizers laws/variants_scalars
  laws/variants_similarities)

# Numbers -------------------------------------------------------------------------------------------------------------

found_by(simd/math)
fault(exp_flushes_denormals simd/exp.hpp
  [[lowest = -104.f]]
  [[lowest = -87.f]])
fault(exp_of_double_has_a_wrong_digit simd/exp.hpp
  [[ln2_high = 0x1.62e42fefa38p-1, ln2_low = 0x1.ef35793c7673p-45]]
  [[ln2_high = 0x1.62e42fefa38p-1, ln2_low = 0x1.ef35793c7673p-44]])
fault(log_of_infinity_is_finite simd/log.hpp
  [[select(x < Limits::infinity(), result, x)]]
  [[select(x <= Limits::infinity(), result, x)]])
fault(tanh_saturates_too_early simd/tanh.hpp
  [[saturated = 10.f]]
  [[saturated = 8.f]])
fault(softplus_of_negative_numbers_is_not_lifted simd/sigmoid.hpp
  [[select(x < Real(0), Pack(Real(0)), x) + pack_detail::log_near_one(e)]]
  [[x + pack_detail::log_near_one(e)]])

found_by(simd/erf)
fault(erf_forgets_infinity simd/erf.hpp
  [[min(abs(x), Constants::saturated)]]
  [[abs(x)]])

found_by(simd/pack)
fault(bfloat16_rounds_ties_away simd/convert.hpp
  [[(bits + 0x7fffu + (bits >> 16 & 1u)) >> 16]]
  [[(bits + 0x8000u) >> 16]])
fault(lookup_reads_past_the_end_of_a_line simd/pack.hpp
  [[stride == 1 && first + lanes <= count]]
  [[stride == 1 && first < count]])

found_by(core/overlap)
fault(heads_overlap_only_at_whole_steps core/overlap.hpp
  [[for (Index const t : {quotient, quotient + 1})]]
  [[for (Index const t : {quotient})]])
fault(heads_with_gaps_count_as_solid core/overlap.hpp
  [[if (count[*i] > 1 && step[*i] != inner) return false;]]
  [[if (count[*i] > 1 && step[*i] == 0) return false;]])

found_by(core/dual)
fault(root_of_a_dual_number_is_twice_as_steep core/dual_math.hpp
  [[x.derivative / (root + root)]]
  [[x.derivative / root]])
fault(absolute_value_has_a_slope_at_zero core/dual_math.hpp
  [[select(x.value == zero, zero, select(x.value < zero, -x.derivative, x.derivative))]]
  [[select(x.value < zero, -x.derivative, x.derivative)]])

# Forward -------------------------------------------------------------------------------------------------------------

found_by(kernel/front_door)
fault(one_key_past_the_last_is_seen kernel/scores.hpp
  [[visible = p.key < Whole(segment.keys)]]
  [[visible = p.key <= Whole(segment.keys)]])
fault(value_of_the_last_key_is_left_out kernel/scores.hpp
  [[range.last_key = panel + computed;]]
  [[range.last_key = panel + computed - 1;]])
fault(last_tokens_of_a_column_major_value_are_not_copied kernel/values.hpp
  [[for (Index j = whole; j < values.rows; ++j)]]
  [[for (Index j = whole; j + 1 < values.rows; ++j)]])
fault(last_vector_of_a_row_is_written_whole kernel/forward.hpp
  [[for (; f + T::lanes <= e; f += T::lanes) store_as]]
  [[for (; f + T::lanes <= e + 1; f += T::lanes) store_as]])

found_by(kernel/few_rows)
fault(sum_of_weights_is_not_rescaled kernel/rows.hpp
  [[Pack sum = Pack::load(sum_of_row) * Pack(factor.of_row[r]);]]
  [[Pack sum = Pack::load(sum_of_row);]])
fault(every_tile_begins_the_sums_anew kernel/forward.hpp
  [[begun |= bit;]]
  [[]])
fault(few_rows_forget_all_pieces_but_the_last kernel/values.hpp
  [[bool const first = replaces && from == begin;]]
  [[bool const first = replaces;]])
fault(rows_are_rescaled_as_the_first_of_their_strip kernel/values.hpp
  [[Pack const scale(factor[r]);]]
  [[Pack const scale(factor[0]);]])
fault(second_chain_of_features_replaces_the_first kernel/micro.hpp
  [[if (begin > 0) load(before, score);]]
  [[if (begin > chain) load(before, score);]])
fault(row_of_a_rest_is_summed_in_one_chain kernel/micro.hpp
  [[is_dot_product<Similarity> ? T::chain : features;]]
  [[is_dot_product<Similarity> && rows > 1 ? T::chain : features;]])
fault(nan_in_the_last_value_of_a_tile_is_overlooked kernel/values.hpp
  [[Index const end = std::min(values.keys, panel + T::panel);]]
  [[Index const end = std::min(values.keys - 1, panel + T::panel);]])
fault(last_chain_of_stored_keys_reads_the_next_token kernel/stored.hpp
  [[Index const width = std::min<Index>(lanes, chain_end - f);]]
  [[Index const width = lanes;]])

found_by(kernel/front_door_heads)
fault(last_row_of_a_head_is_taken_for_one_more_of_it kernel/block.hpp
  [[number < rows ? 0 : number / rows, row]]
  [[number <= rows ? 0 : number / rows, row]])
fault(coverage_of_a_group_is_that_of_its_last_head kernel/block.hpp
  [[if (here == Coverage::some || (r > 0 && here != result)) return Coverage::some;]]
  [[if (here == Coverage::some) return Coverage::some;]])
fault(memory_of_a_decoding_block_forgets_the_group kernel/plan.hpp
  [[std::max(n, call_.group * std::min<Index>(n, T::rows - 1))]]
  [[n]])
fault(room_for_packed_keys_is_not_rounded_up kernel/scratch.hpp
  [[round_up(std::min(most_keys, T::tile), T::panel) * features : 0]]
  [[std::min(most_keys, T::tile) * features : 0]])

found_by(kernel/bytes)
fault(scale_of_one_key_serves_a_vector kernel/token_scales.hpp
  [[factors[lane] = *of_key.row(j + lane)]]
  [[factors[lane] = *of_key.row(j)]])
fault(hidden_scales_that_are_no_numbers_are_not_looked_for kernel/token_scales.hpp
  [[finite = finite && scale - scale == 0;]]
  [[finite = finite || scale - scale == 0;]])
fault(halves_of_a_word_of_bytes_change_places kernel/stored.hpp
  [[(whole << (24 - 8 * i)) >> 24]]
  [[(whole << (24 - 8 * (i ^ 1))) >> 24]])

found_by(kernel/tiling)
fault(a_tile_is_not_counted_into_the_cache kernel/tiling.hpp
  [[second_cache_bytes / (bytes > 0 ? bytes : 1) - tile]]
  [[second_cache_bytes / (bytes > 0 ? bytes : 1)]])

found_by(kernel/workspace core/allocations)
fault(last_block_is_taken_for_a_whole_one kernel/tasks.hpp
  [[unit.block_rows - number % unit.blocks * unit.block;]]
  [[unit.block_rows;]])
fault(workspace_is_announced_without_its_slots kernel/run.hpp
  [[slots = carver.take<std::byte>(static_cast<Index>(slot_size) * slot_count);]]
  [[slots = carver.take<std::byte>(static_cast<Index>(slot_size) * (slot_count - 1));]])

found_by(kernel/accuracy)
fault(features_are_summed_in_one_chain kernel/tiling.hpp
  [[Set::isa == Isa::baseline ? 32 : 64;]]
  [[4096;]])

found_by(kernel/slots)
fault(one_slot_more_than_there_are kernel/slots.hpp
  [[(std::uint64_t{1} << (count_ - word * 64)) - 1]]
  [[(std::uint64_t{2} << (count_ - word * 64)) - 1]])

found_by(kernel/product)
fault(product_forgets_what_it_adds_to kernel/product.hpp
  [[bool const fresh = begin == 0 && !call.adds;]]
  [[bool const fresh = begin == 0;]])
fault(last_stretch_of_depth_is_packed_elsewhere kernel/product.hpp
  [[(index - first) * (end - begin)]]
  [[(index - first) * depth_step]])

found_by(kernel/wrong_calls core/allocations)
fault(heads_need_not_divide attention/call.hpp
  [[k.heads > 0 ? q.heads % k.heads == 0 : q.heads == 0]]
  [[k.heads > 0 || q.heads == 0]])
fault(output_may_lie_over_the_values attention/call.hpp
  [[check_apart(out, "out", v, "v");]]
  [[]])

found_by(layer/kv_cache core/allocations)
fault(units_of_a_wave_share_their_packed_keys kernel/plan.hpp
  [[unit.packed = wave.packed;]]
  [[unit.packed = 0;]])
fault(cache_forgets_how_full_it_is layer/kv_cache.hpp
  [[check(n <= capacity_ - length_,]]
  [[check(n <= capacity_,]])

found_by(laws/agrees_with_reference ${laws})
fault(running_maximum_is_that_of_the_last_tile kernel/rows.hpp
  [[Number const largest = here > before ? here : before;]]
  [[Number const largest = here;]])
fault(sink_larger_than_all_scores_does_not_scale_them kernel/rows.hpp
  [[result.total = sum * result.scale + std::exp(sink - top);]]
  [[result.total = sum + std::exp(sink - top);]])
fault(temperature_is_left_out_where_no_mask_is kernel/scores.hpp
  [[here < T::panel || Call::Normalizer::family == Family::pick || has_temperature(block);]]
  [[here < T::panel || Call::Normalizer::family == Family::pick;]])
fault(second_half_of_a_panel_is_covered_as_the_first kernel/scores.hpp
  [[block.coverage(strip, rows, tile + panel + T::lanes, here - T::lanes)}]]
  [[block.coverage(strip, rows, tile + panel, here - T::lanes)}]])
fault(panels_between_are_not_emptied kernel/scores.hpp
  [[if (!range.empty())
        for (int r = 0; r < rows; ++r)]]
  [[if (range.empty())
        for (int r = 0; r < rows; ++r)]])
fault(weights_of_the_last_panel_run_into_the_next_row kernel/weights.hpp
  [[std::min(range.end, keys) - range.begin, scores + range.begin]]
  [[range.end - range.begin, scores + range.begin]])
fault(sigmoid_counts_the_keys_of_all_documents kernel/rows.hpp
  [[Pack const shift(normalizer.template shift<Number>(block.segment.keys));]]
  [[Pack const shift(normalizer.template shift<Number>(block.call.key.length()));]])

found_by(laws/hidden_keys ${laws})
fault(row_that_sees_nothing_subtracts_infinity kernel/rows.hpp
  [[shift[r] = largest == Block::minus_infinity ? Number(0) : largest;]]
  [[shift[r] = largest;]])
fault(pick_passes_over_nan kernel/rows.hpp
  [[if (poison[lane] != poison[lane]) largest = poison[lane];]]
  [[]])

found_by(laws/same_bits ${laws})
fault(waves_are_counted_on kernel/plan.hpp
  [[wave.units = wave.tasks = wave.pack_tasks = wave.packed = 0;]]
  [[wave.units = wave.pack_tasks = wave.packed = 0;]])

found_by(laws/picks_and_zeros ${laws})
fault(last_of_equal_keys_is_picked kernel/rows.hpp
  [[(picked < 0 || key < picked)]]
  [[(picked < 0 || key > picked)]])

# Backward ------------------------------------------------------------------------------------------------------------

found_by(testing/attention)
fault(temperature_is_left_out_of_gradients kernel/backward/rows.hpp
  [[d_score = weight * (d_weight - delta) * Pack(temperature);]]
  [[d_score = weight * (d_weight - delta);]])
fault(gradient_of_a_bias_is_that_of_the_first_query kernel/backward/finish.hpp
  [[bias[f] += d_y[i * stride + f];]]
  [[bias[f] += d_y[f];]])
fault(gradient_of_a_width_lacks_a_power score/gaussian.hpp
  [[static_cast<double>(sums[rows]) / (width_ * width_ * width_);]]
  [[static_cast<double>(sums[rows]) / (width_ * width_);]])
fault(euclidean_pushes_keys_the_wrong_way score/euclidean.hpp
  [[{slope, -slope, d_score * difference * difference}]]
  [[{slope, slope, d_score * difference * difference}]])
fault(entmax_is_right_at_one_and_a_half_alone normalize/entmax.hpp
  [[return raised(weight, 2 - alpha);]]
  [[return raised(weight, alpha - 1);]])

found_by(layer/local_attention)
fault(gradient_of_the_log_sum_exp_has_the_wrong_sign kernel/backward/prepare.hpp
  [[packs.delta[at + r] -=]]
  [[packs.delta[at + r] +=]])

found_by(laws/gradient_calls core/allocations)
fault(only_the_first_head_of_a_group_has_gradients kernel/backward/call.hpp
  [[blocks = block_rows == 0 ? 0 : rows / block_rows * blocks_each;]]
  [[blocks = block_rows == 0 ? 0 : blocks_each;]])
fault(keys_hidden_by_a_bias_reach_gradients kernel/backward/chunk.hpp
  [[(coverage == Coverage::some || Call::has_adjusters) &&]]
  [[coverage == Coverage::some &&]])
fault(zero_vector_is_divided_by_its_length kernel/features.hpp
  [[if (length > Number(0) || length != length)]]
  [[if (length == length)]])
fault(gradient_of_a_table_runs_past_its_line score/relative_bias.hpp
  [[column + Slopes::size <= 2 * reach_ + 1)]]
  [[column + Slopes::size <= 2 * reach_ + 2)]])
fault(sinks_of_all_heads_learn_as_one normalize/softmax.hpp
  [[gradient.sinks[sinks.size() == 1 ? 0 : static_cast<std::size_t>(head)] -=]]
  [[gradient.sinks[0] -=]])
fault(later_chunks_of_keys_are_not_added kernel/backward/run.hpp
  [[for (Index chunk = std::max(unit.first_chunk + 1, first); chunk < end; ++chunk)]]
  [[for (Index chunk = std::max(unit.first_chunk + 2, first); chunk < end; ++chunk)]])
fault(last_block_that_sees_a_chunk_is_left_out kernel/backward/chunk.hpp
  [[part.span.end = number + 1;]]
  [[part.span.end = number;]])
fault(blocks_before_the_last_that_sees_a_chunk_are_left_out kernel/backward/chunk.hpp
  [[if (part.pairs == 0) part.span.begin = number;]]
  [[part.span.begin = number;]])
fault(slopes_of_later_groups_go_to_the_first_heads score/alibi.hpp
  [[static_cast<std::size_t>(place.first_head + head)] +=]]
  [[static_cast<std::size_t>(head)] +=]])
fault(queries_without_keys_keep_what_memory_held kernel/backward/prepare.hpp
  [[if (unit.chunks == 0)]]
  [[if (unit.chunks < 0)]])
fault(nan_in_a_gradient_of_the_output_is_overlooked kernel/backward/prepare.hpp
  [[all_finite<T>(packs.d_output_rows + at * packs.value_stride, count * packs.value_stride)]]
  [[true]])
fault(token_that_meets_nobody_poisons_the_scale kernel/backward/finish.hpp
  [[if (is_zero<T>(gradient, features)) return 0;]]
  [[]])
fault(gradients_are_written_side_by_side kernel/stored.hpp
  [[if (target.column_stride == 1)]]
  [[if (target.column_stride >= 1)]])
fault(tangent_is_not_centred kernel/tangent/block.hpp
  [[scratch.sums[line + f] - delta * around;]]
  [[scratch.sums[line + f];]])

# Policies ------------------------------------------------------------------------------------------------------------

found_by(normalize/entmax)
fault(entmax_does_not_bracket_its_threshold normalize/entmax.hpp
  [[(sum >= Scalar(1) ? low : high) = threshold;]]
  [[(sum >= Scalar(1) ? high : low) = threshold;]])

found_by(normalize/top_k)
fault(top_k_drops_the_last_of_its_ties normalize/top_k.hpp
  [[column > state.last_tied]]
  [[column >= state.last_tied]])

found_by(normalize/softmax)
fault(sink_may_be_nan normalize/softmax.hpp
  [[check(sink < std::numeric_limits<double>::infinity(),]]
  [[check(sink != std::numeric_limits<double>::infinity(),]])

found_by(normalize/gumbel_max)
fault(noise_goes_by_row_and_not_by_position normalize/gumbel_max.hpp
  [[random_stream(seed, p.batch, p.head, p.query)]]
  [[random_stream(seed, p.batch, p.head, p.row)]])

found_by(normalize/relu)
fault(relu_hides_nan normalize/relu.hpp
  [[select(score <= Number(0), Number(0), score)]]
  [[select(score > Number(0), score, Number(0))]])

found_by(score/adjusters)
fault(slopes_between_two_powers_are_too_steep score/alibi.hpp
  [[heads); i += 2)]]
  [[heads); ++i)]])
fault(one_column_is_read_as_many core/grid.hpp
  [[if (shape.columns == 1) strides_.columns = 0;]]
  [[]])

found_by(score/similarities)
fault(weight_normalisation_keeps_the_length score/additive.hpp
  [[Vector<Parameter>(v * (length / norm))]]
  [[Vector<Parameter>(v * length)]])

found_by(score/t5)
fault(own_position_is_in_the_bucket_of_later_ones score/t5_bias.hpp
  [[bidirectional && relative > 0 ? available : 0;]]
  [[bidirectional && relative >= 0 ? available : 0;]])

found_by(score/errors)
fault(soft_cap_may_be_zero score/soft_cap.hpp
  [[check(cap > 0 &&]]
  [[check(cap >= 0 &&]])

found_by(mask/known_masks)
fault(causal_tile_on_the_diagonal_is_full mask/causal.hpp
  [[tile.last_key() <= first);]]
  [[tile.last_key() <= last);]])
fault(window_loses_its_farthest_key mask/sliding_window.hpp
  [[covered(highest < back ||]]
  [[covered(highest <= back ||]])

found_by(mask/stored_masks)
fault(last_document_of_a_tile_is_not_looked_at mask/documents.hpp
  [[at(layout_->full_before, from) == at(layout_->full_before, to + 1)]]
  [[at(layout_->full_before, from) == at(layout_->full_before, to)]])
fault(block_of_the_first_lane_serves_all mask/block_sparse.hpp
  [[if (first + Keys::size <= ends) return]]
  [[if (first < ends) return]])

found_by(mask/errors)
fault(documents_may_begin_anywhere mask/documents.hpp
  [[!offsets.empty() && offsets.front() == 0]]
  [[!offsets.empty()]])

found_by(mask/combinations)
fault(either_mask_covers_as_both_do mask/combine.hpp
  [[return either(coverage_of(first, tile), coverage_of(second, tile));]]
  [[return both(coverage_of(first, tile), coverage_of(second, tile));]])

found_by(mask/centred_window)
fault(query_without_a_place_does_not_count mask/centred_window.hpp
  [[inner = {limit, -limit};
        continue;]]
  [[continue;]])

# Hard choice ---------------------------------------------------------------------------------------------------------

found_by(hard/categorical)
fault(number_on_a_boundary_picks_the_key_before hard/categorical.hpp
  [[std::upper_bound(until.begin(), until.end(), numbers[i] * sum)]]
  [[std::lower_bound(until.begin(), until.end(), numbers[i] * sum)]])

found_by(hard/leave_one_out)
fault(baseline_holds_its_own_reward hard/leave_one_out.hpp
  [[if (l != i) baseline(i) += rewards(l);]]
  [[baseline(i) += rewards(l);]])

found_by(hard/reinforce)
fault(baseline_is_added hard/reinforce.hpp
  [[return (rewards - baselines) / static_cast<Scalar>(rewards.size());]]
  [[return (rewards + baselines) / static_cast<Scalar>(rewards.size());]])

found_by(hard/draw)
fault(neighbouring_samples_share_their_bits hard/draw.hpp
  [[random_bits(of_row, 2 * sample), low = random_bits(of_row, 2 * sample + 1)]]
  [[random_bits(of_row, sample), low = random_bits(of_row, sample + 1)]])

found_by(hard/hard_attention)
fault(draws_go_by_row_and_not_by_position hard/hard_attention.hpp
  [[start.of(b, q.length(), k.length()) + i;]]
  [[i;]])

found_by(hard/scored_row)
fault(last_of_equal_scores_comes_first hard/scored_row.hpp
  [[differences_[a] == differences_[b] && a < b]]
  [[differences_[a] == differences_[b] && a > b]])

found_by(hard/monotonic_attention)
fault(walk_stops_at_one_half hard/monotonic_attention.hpp
  [[!(energies(i, key) + score_bias > Scalar(0))]]
  [[!(energies(i, key) + score_bias >= Scalar(0))]])

# Layers --------------------------------------------------------------------------------------------------------------

found_by(layer/rolling_kv_cache core/allocations)
fault(ring_starts_again_one_token_early layer/rolling_kv_cache.hpp
  [[move_rows(values_, value_dim_, begin_ + sinks_ + 1, 2 * sinks_, window_ - 1);]]
  [[move_rows(values_, value_dim_, begin_ + sinks_, 2 * sinks_, window_ - 1);]])

found_by(layer/other_caches core/allocations)
fault(copy_writes_to_a_shared_page layer/paged_kv_cache.hpp
  [[pages_[place].use_count() > 1]]
  [[pages_[place].use_count() > 2]])
fault(largest_byte_is_out_of_reach layer/int8_kv_cache.hpp
  [[static_cast<float>(largest / 127)]]
  [[static_cast<float>(largest / 128)]])

found_by(layer/rotary)
fault(shortest_wave_is_stretched_too layer/rotary.hpp
  [[static_cast<double>(f) / static_cast<double>(dims() - 2));]]
  [[static_cast<double>(f + 1) / static_cast<double>(dims()));]])
fault(last_pairs_are_written_by_half layer/rotate_rows.hpp
  [[for (Index j = 0; j < 2 * count; ++j) y[2 * f + j] = rest[j];]]
  [[for (Index j = 0; j < count; ++j) y[2 * f + j] = rest[j];]])

found_by(layer/layer_norm)
fault(norm_backward_forgets_the_mean layer/norm_rows.hpp
  [[fma(x_hat, Pack(-slope), Pack(g - mean))]]
  [[fma(x_hat, Pack(-slope), g)]])
fault(mean_is_rounded_to_the_rows_type layer/norm_rows.hpp
  [[((x - scale.high) - scale.low) * scale.per_sigma]]
  [[(x - scale.high) * scale.per_sigma]])

found_by(layer/gru)
fault(reset_gate_is_missing_on_the_way_back layer/gru.hpp
  [[d_from_state.rightCols(h).array() *= r.array();]]
  [[]])

found_by(layer/lstm)
fault(cell_is_forgotten_on_the_way_back layer/lstm.hpp
  [[Matrix<Scalar> const d_cell = d_after.cell + layer_detail]]
  [[Matrix<Scalar> const d_cell = layer_detail]])

found_by(layer/multi_head core/allocations)
fault(masked_heads_train_the_output layer/multi_head.hpp
  [[masked(output.backward(masked(kept.context), d_output]]
  [[masked(output.backward(kept.context, d_output]])
fault(weights_are_of_keys_with_the_norm_of_queries layer/multi_head.hpp
  [[key_placing().forward(k, batch, 0, executor);]]
  [[layer_detail::HeadPlacing<Scalar>{query_norm, rotary.get(), kv_heads}.forward(k, batch, 0, executor);]])

found_by(layer/dropout)
fault(parts_of_a_batch_drop_the_same layer/dropout.hpp
  [[random_stream(seed, 0, 0, first_row + i)]]
  [[random_stream(seed, 0, 0, i)]])

found_by(layer/embedding)
fault(repeated_word_learns_once layer/embedding.hpp
  [[gradient.table.row(tokens[static_cast<std::size_t>(i)]) += d_y.row(i);]]
  [[gradient.table.row(tokens[static_cast<std::size_t>(i)]) = d_y.row(i);]])

# Files ---------------------------------------------------------------------------------------------------------------

found_by(io/safetensors_refused)
fault(header_may_reach_past_the_file io/safetensors.hpp
  [[check(length <= bytes.size() - 8,]]
  [[check(length <= bytes.size(),]])
fault(tensors_may_leave_a_hole io/safetensors.hpp
  [[check(entry.begin <= reached,]]
  [[check(entry.begin <= data.size(),]])

found_by(io/tensor)
fault(sizes_may_overflow io/tensor.hpp
  [[if (count > static_cast<std::size_t>(std::numeric_limits<Index>::max()) / static_cast<std::size_t>(size))]]
  [[if (count > static_cast<std::size_t>(std::numeric_limits<Index>::max()))]])

found_by(io/npy_refused)
fault(bytes_behind_the_numbers_are_ignored io/npy.hpp
  [[check(data.size() == *wanted,]]
  [[check(data.size() >= *wanted,]])
fault(size_may_have_a_zero_before_it io/npy_header.hpp
  [[if (*begin == '0' && end - begin > 1)]]
  [[if (*begin == '0' && end - begin > 2)]])

found_by(io/convert)
fault(widest_whole_number_is_refused io/convert.hpp
  [[if (width - trailing > std::numeric_limits<To>::digits ||]]
  [[if (width - trailing >= std::numeric_limits<To>::digits ||]])

found_by(io/parameters)
fault(parameters_are_read_in_another_shape io/parameters.hpp
  [[return rows == wanted[0];]]
  [[return true;]])

# Threads and memory --------------------------------------------------------------------------------------------------

found_by(core/thread_pool core/allocations)
fault(first_task_is_left_out core/task_counter.hpp
  [[std::atomic<Index> next_{0};]]
  [[std::atomic<Index> next_{1};]])
fault(tasks_go_on_after_an_exception core/task_counter.hpp
  [[next_.store(count_, std::memory_order_relaxed);]]
  [[]])
fault(nested_call_hands_out_its_tasks core/thread_pool.hpp
  [[count <= 1 || workers_.empty() || current_pool() == this]]
  [[count <= 1 || workers_.empty()]])

found_by(executor/eigen_thread_pool)
fault(exception_of_a_task_is_lost executor/eigen_thread_pool.hpp
  [[tasks.rethrow();]]
  [[]])

found_by(core/workspace core/allocations)
fault(workspace_of_nothing_is_null core/workspace.hpp
  [[if (bytes <= size_ && data_ != nullptr) return data_;]]
  [[if (bytes <= size_) return data_;]])

found_by(core/random)
fault(sequences_of_a_batch_draw_alike core/random.hpp
  [[for (Index const part : {batch, head, query})]]
  [[for (Index const part : {head, query})]])

# Pictures ------------------------------------------------------------------------------------------------------------

found_by(visualize/scale)
fault(zero_among_scores_is_left_empty visualize/scale.hpp
  [[return value == 0 && low >= 0;]]
  [[return value == 0;]])

found_by(visualize/svg)
fault(largest_weight_has_a_color_of_its_own visualize/svg_cells.hpp
  [[std::min(static_cast<int>(scale.position(value) * color_levels), color_levels - 1)]]
  [[static_cast<int>(scale.position(value) * color_levels)]])

found_by(visualize/display_width)
fault(shortened_text_is_one_column_too_wide visualize/display_width.hpp
  [[if (used + next > width - 1) break;]]
  [[if (used + next > width) break;]])

found_by(visualize/escape)
fault(quotation_marks_are_not_doubled visualize/escape.hpp
  [[if (c == '"') escaped += '"';]]
  [[]])

found_by(visualize/utf8)
fault(surrogates_are_characters visualize/utf8.hpp
  [[unsigned char const most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;]]
  [[unsigned char const most = lead == 0xF4 ? 0x8F : 0xBF;]])

# Linear attention ----------------------------------------------------------------------------------------------------

found_by(linear/linear_attention core/allocations)
fault(first_key_of_causal_pairs_comes_twice linear/steps.hpp
  [[Index const before = std::clamp<Index>(first, 0, keys);]]
  [[Index const before = std::clamp<Index>(first + 1, 0, keys);]])
fault(features_of_padding_are_those_of_zero linear/pack_steps.hpp
  [[to[f] = 0;]]
  [[to[f] = map(Number(0));]])
fault(elu_is_not_lifted linear/elu_plus_one.hpp
  [[select(x > Number(0), x + Number(1), exp(x))]]
  [[select(x > Number(0), x, exp(x))]])
fault(sums_of_a_state_are_stored_by_every_piece linear/forward.hpp
  [[if (piece == 0 && last_sums != nullptr) std::copy_n(room.sums, d, last_sums);]]
  [[if (last_sums != nullptr) for (Index f = 0; f < d; ++f) state.sums(batch, head, 0, f) = last_sums[f] = room.sums[f];]])
fault(weights_that_sum_to_nothing_are_divided_by linear/forward.hpp
  [[divisor == Number(0) ? Number(0) : row[c] / divisor]]
  [[row[c] / divisor]])

found_by(linear/recurrent_attention core/allocations)
fault(memory_decays_after_it_is_asked linear/memory_matrix.hpp
  [[if constexpr (decays && !corrects) row[v] = decay[f] * row[v];]]
  [[if constexpr (decays && !corrects && !answers) row[v] = decay[f] * row[v];]])
fault(delta_rule_forgets_its_rate linear/memory_matrix.hpp
  [[for (int v = 0; v < vectors; ++v) added[v] = rate * added[v];]]
  [[for (int v = 0; v < vectors; ++v) added[v] = added[v];]])
fault(second_query_of_a_group_is_not_answered linear/forward.hpp
  [[for (Index g = j >= 0 ? 1 : 0; reads && g < call.group(); ++g)]]
  [[for (Index g = j >= 0 ? 2 : 0; reads && g < call.group(); ++g)]])

found_by(linear/gradients)
fault(divisors_have_no_gradient linear/backward.hpp
  [[Pack const d_divisor(-sum_of(sum) / divisor);]]
  [[Pack const d_divisor(Number(0));]])
fault(decay_is_differentiated_before_the_delta_rule linear/backward.hpp
  [[if constexpr (decays) row[v] = decay[f] * row[v];]]
  [[]])
fault(keys_that_no_query_sees_keep_what_stood_in_their_gradients linear/backward.hpp
  [[for (Index j = steps.keys(); j < call.key.length(); ++j) {]]
  [[for (Index j = call.key.length(); j < call.key.length(); ++j) {]])
fault(stretches_begin_with_the_memory_of_the_one_before linear/backward.hpp
  [[std::copy_n(room.kept + number * size, size, room.walked);]]
  [[std::copy_n(room.kept + std::max<Index>(number - 1, 0) * size, size, room.walked);]])
