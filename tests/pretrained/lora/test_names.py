"""Each layer is found by every name that files give it, and named as other programs expect."""

from sfumato.pretrained.lora.names import aliases, kohya_name, peft_name, published_names

QUERY = "attentions.0.transformer_blocks.0.attn1.to_q"
# A U-Net of two blocks: the first with attention and a downsampling, the last of the upward path with attention too.
UNET = [
    "conv_in", "time_embedding.linear_1", "add_embedding.linear_2", "conv_out",
    "down_blocks.0.resnets.0.conv1", f"down_blocks.0.{QUERY}", "down_blocks.0.resnets.1.conv2",
    "down_blocks.0.downsamplers.0.conv", "down_blocks.1.resnets.0.time_emb_proj", "down_blocks.1.resnets.1.conv1",
    "mid_block.resnets.0.conv1", "mid_block.attentions.0.proj_in", "mid_block.resnets.1.conv1",
    "up_blocks.0.resnets.0.conv_shortcut", "up_blocks.0.resnets.1.conv1", "up_blocks.0.resnets.2.conv1",
    "up_blocks.0.upsamplers.0.conv", "up_blocks.1.resnets.0.conv1", f"up_blocks.1.{QUERY}",
    "up_blocks.1.resnets.1.conv1",
]  # fmt: skip


def test_a_unets_layers_have_the_names_of_the_network_as_it_was_first_published() -> None:
    """Counted by hand: 0 is the first convolution, 3 the downsampling, and the upward path has three of one block."""
    published = published_names(UNET)
    assert published == {
        "conv_in": "input_blocks.0.0",
        "time_embedding.linear_1": "time_embed.0",
        "add_embedding.linear_2": "label_emb.0.2",
        "conv_out": "out.2",
        "down_blocks.0.resnets.0.conv1": "input_blocks.1.0.in_layers.2",
        f"down_blocks.0.{QUERY}": "input_blocks.1.1.transformer_blocks.0.attn1.to_q",
        "down_blocks.0.resnets.1.conv2": "input_blocks.2.0.out_layers.3",
        "down_blocks.0.downsamplers.0.conv": "input_blocks.3.0.op",
        "down_blocks.1.resnets.0.time_emb_proj": "input_blocks.4.0.emb_layers.1",
        "down_blocks.1.resnets.1.conv1": "input_blocks.5.0.in_layers.2",
        "mid_block.resnets.0.conv1": "middle_block.0.in_layers.2",
        "mid_block.attentions.0.proj_in": "middle_block.1.proj_in",
        "mid_block.resnets.1.conv1": "middle_block.2.in_layers.2",
        "up_blocks.0.resnets.0.conv_shortcut": "output_blocks.0.0.skip_connection",
        "up_blocks.0.resnets.1.conv1": "output_blocks.1.0.in_layers.2",
        "up_blocks.0.resnets.2.conv1": "output_blocks.2.0.in_layers.2",
        "up_blocks.0.upsamplers.0.conv": "output_blocks.2.1.conv",  # no attention before it in this block
        "up_blocks.1.resnets.0.conv1": "output_blocks.3.0.in_layers.2",
        f"up_blocks.1.{QUERY}": "output_blocks.3.1.transformer_blocks.0.attn1.to_q",
        "up_blocks.1.resnets.1.conv1": "output_blocks.4.0.in_layers.2",
    }


def test_a_layer_is_found_by_every_name_that_files_give_it() -> None:
    layer = f"down_blocks.0.{QUERY}"
    named = aliases("unet", [*UNET, layer.replace("to_q", "to_out.0")])
    for name in (
        f"unet.{layer}",
        f"base_model.model.{layer}",
        layer,
        "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q",
        "lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q",
        f"unet.{layer.replace('.to_q', '.processor.to_q')}",
    ):
        assert named[name] == layer, name
    assert named["unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.processor.to_out"].endswith("to_out.0")


def test_text_encoders_are_found_with_and_without_the_module_that_transformers_dropped() -> None:
    flat, nested = "encoder.layers.0.self_attn.q_proj", "text_model.encoder.layers.0.self_attn.q_proj"
    for own in (flat, nested):
        first, second = aliases("text_encoder", [own]), aliases("text_encoder_2", [own])
        for name in (
            f"text_encoder.{nested}",
            f"lora_te_{nested.replace('.', '_')}",
            f"lora_te1_{nested.replace('.', '_')}",
        ):
            assert first[name] == own
            assert name not in second
        assert second[f"lora_te2_{nested.replace('.', '_')}"] == own
        assert second[f"text_encoder_2.{nested}"] == own
        assert first["text_encoder.text_model.encoder.layers.0.self_attn.to_q"] == own
    assert f"text_encoder.{flat}" in aliases("text_encoder", [flat])


def test_kohyas_names_count_text_encoders_only_where_there_are_several() -> None:
    layer = "encoder.layers.3.mlp.fc1"
    assert kohya_name("text_encoder", layer, 1) == "lora_te_text_model_encoder_layers_3_mlp_fc1"
    assert kohya_name("text_encoder", layer, 2) == "lora_te1_text_model_encoder_layers_3_mlp_fc1"
    assert kohya_name("text_encoder_2", f"text_model.{layer}", 2) == "lora_te2_text_model_encoder_layers_3_mlp_fc1"
    assert peft_name("text_encoder", layer) == "text_encoder.text_model.encoder.layers.3.mlp.fc1"
    assert peft_name("transformer", "layers.3.attention.to_q") == "transformer.layers.3.attention.to_q"
    assert kohya_name("unet", "mid_block.attentions.0.proj_in", 2) == "lora_unet_mid_block_attentions_0_proj_in"
