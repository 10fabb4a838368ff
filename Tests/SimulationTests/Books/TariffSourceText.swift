import Tariff

/// A tariff of one text.
enum TariffSourceText {
  static func source(_ text: String) -> TariffSource {
    TariffSource(
      folder: "simulated", files: [TariffFile(path: TariffSource.mainPath, text: text)])
  }
}
