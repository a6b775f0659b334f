import numpy as np

from sfumato.watermark.whitening import flattened, gains, grid_of, powers, windows

DRAWS = np.random.default_rng(0)


def test_windows_add_up_to_what_was_cut_into_them() -> None:
    grid = DRAWS.normal(size=(128, 128)).astype(np.float32)
    assert np.allclose(grid_of(windows(grid)), grid, atol=1e-5)


def test_what_is_loud_in_a_window_is_divided_by_more_than_its_own_size() -> None:
    soft = np.tile(np.sin(np.arange(128) * np.pi / 4), (128, 1)).astype(np.float32)
    quiet, loud = (windows(level * soft)[10, 10] for level in (20, 80))
    place = np.abs(loud).argmax()
    assert 0 < (loud * gains(powers(loud)))[place] / (quiet * gains(powers(quiet)))[place] < 1 or loud[place] < 0


def test_a_flattened_grid_has_as_much_at_every_frequency() -> None:
    """Brown noise, as pictures are: ten times as loud at 20 cycles a side as at 60, and more."""
    rows, columns = np.meshgrid(np.fft.fftfreq(128), np.fft.rfftfreq(128), indexing="ij")
    radius = np.hypot(rows, columns)
    spectrum = np.fft.rfft2(DRAWS.normal(size=(128, 128))) / np.maximum(radius, 0.01) ** 2
    grid = np.fft.irfft2(spectrum, s=(128, 128)).astype(np.float32)
    power = np.abs(np.fft.rfft2(flattened(100 * grid / grid.std()))) ** 2
    low, high = (float(power[np.abs(radius * 128 - cycles) < 5].mean()) for cycles in (22, 58))
    assert 0.8 < low / high < 1.25


def test_a_picture_of_one_colour_is_no_division_by_zero() -> None:
    assert np.isfinite(flattened(np.full((128, 128), 255, np.float32))).all()
