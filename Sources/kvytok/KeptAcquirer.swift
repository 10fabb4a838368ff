import Foundation
import Store
import Web

/// The way by which a service reached its acquirer last; commands beside it know it by that.
enum AcquirerWay: String {
  case url, files

  /// Name of the setting that holds it.
  static let setting = "acquirer_way"
}

/// What a service was told of its acquirer, kept in the database for commands beside it, which are told nothing.
///
/// A clearing file that a command makes under another name, or lays into another folder, is one that the
/// acquirer never gets.
struct KeptAcquirer: Sendable, Equatable {
  /// Name of the setting with the house's name at the acquirer.
  static let merchantSetting = "acquirer_merchant"
  /// Name of the setting with the folder for clearing files; empty: in the data folder.
  static let outSetting = "acquirer_out"
  /// Name of the setting with the folder of funding files; empty: in the data folder.
  static let incomingSetting = "acquirer_in"
  /// Name of the setting with the data folder of the service whose folders these are.
  static let dataSetting = "acquirer_data"

  let way: AcquirerWay?
  let merchant: String?
  let out: String?
  let incoming: String?
  let data: String?

  /// Reads what the last service left; nothing where none had an acquirer.
  static func read(_ store: Store) async throws -> KeptAcquirer {
    let all = try await store.read { db in try await db.settings.all() }
    func told(_ name: String) -> String? { all[name] == "" ? nil : all[name] }
    return KeptAcquirer(
      way: all[AcquirerWay.setting].flatMap(AcquirerWay.init(rawValue:)),
      merchant: told(merchantSetting), out: told(outSetting), incoming: told(incomingSetting),
      data: told(dataSetting))
  }

  /// The folder for clearing files of a command that was told none; nil: in the data folder.
  func out(for place: DatabasePlace) throws(CommandFault) -> String? {
    try folder(out, "--acquirer-out", for: place)
  }

  /// The folder of funding files of a command that was told none; nil: in the data folder.
  func incoming(for place: DatabasePlace) throws(CommandFault) -> String? {
    try folder(incoming, "--acquirer-in", for: place)
  }

  /// Whoever works on a copy of the city is not to take from the city's folders, nor to put anything there.
  private func folder(
    _ kept: String?, _ option: String, for place: DatabasePlace
  ) throws(CommandFault) -> String? {
    guard let kept else { return nil }
    guard data == place.folder.path else {
      throw CommandFault(
        "The service on \(data ?? "another folder") exchanges files with the acquirer in \(kept), and this is "
          + "\(place.folder.path). Name the folder that is meant with \(option).",
        exitCode: CommandFault.usage)
    }
    return kept
  }
}

extension FirstStart {
  /// Writes down how the acquirer is reached, and as whom, for commands that are told nothing of it.
  func keepAcquirer() async throws {
    let acquirer = settings.acquirer
    guard let way = acquirer.way else { return }
    var kept = [(AcquirerWay.setting, way.rawValue)]
    // Other processes may have been told less than the one that exchanges the files.
    if settings.parts.contains(.clearing) {
      func whole(_ path: String?) -> String {
        path.map { URL(fileURLWithPath: $0).standardizedFileURL.path } ?? ""
      }
      kept += [
        (KeptAcquirer.merchantSetting, acquirer.merchant),
        (KeptAcquirer.outSetting, whole(acquirer.out)),
        (KeptAcquirer.incomingSetting, whole(acquirer.incoming)),
        (KeptAcquirer.dataSetting, settings.place.folder.path),
      ]
    }
    try await backbone.store.write { [kept] db in
      let known = try await db.settings.all()
      for (name, value) in kept where (known[name] ?? "") != value {
        try await db.settings.set(name, to: value)
      }
    }
  }
}
