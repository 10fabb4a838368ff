/// One file of a tariff's folder, as text; the caller has read it.
package struct TariffFile: Hashable, Sendable {
  /// Path inside the folder: `tariff.yaml`, `cases/transfer.yaml`.
  package var path: String
  package var text: String

  /// Makes a file.
  package init(path: String, text: String) {
    self.path = path
    self.text = text
  }
}

/// The folder of a tariff: `tariff.yaml`, its worked cases, and the files that it names.
package struct TariffSource: Hashable, Sendable {
  /// Name of the folder, for messages.
  package var folder: String
  package var files: [TariffFile]

  /// Makes a folder.
  package init(folder: String, files: [TariffFile]) {
    self.folder = folder
    self.files = files
  }

  /// Name of the file that holds the rules; each YAML document in it is a version.
  package static let mainPath = "tariff.yaml"
  /// Most bytes of YAML that one file may hold.
  package static let fileBytesMax = 1 << 20

  /// The text of a file; nil when the folder has no such file.
  func text(of path: String) -> String? { files.first { $0.path == path }?.text }
}

/// Something wrong or doubtful in a tariff, with its place.
package struct TariffFault: Error, Hashable, Sendable {
  package var file: String
  /// Line from 1.
  package var line: Int
  package var message: String
  /// A doubt: the tariff works, but perhaps not as meant.
  package var isWarning: Bool

  /// Makes a fault.
  package init(file: String, line: Int, message: String, isWarning: Bool = false) {
    self.file = file
    self.line = line
    self.message = message
    self.isWarning = isWarning
  }
}

extension TariffFault: CustomStringConvertible {
  /// The fault as compilers print theirs: `tariff.yaml:12: error: …`.
  package var description: String {
    "\(file):\(line): \(isWarning ? "warning" : "error"): \(message)"
  }
}

/// What came of reading a folder: the tariff when nothing is wrong with it, and all that is.
package struct TariffReading: Sendable {
  /// The versions in order of their dates; nil when there is a fault that is not a warning.
  package var book: TariffBook?
  package var faults: [TariffFault]
}
