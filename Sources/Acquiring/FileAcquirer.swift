package import Basics
package import Charging
import Foundation

/// The acquirer by daily files: clearing files out, funding files in; nothing is asked in between.
///
/// A card is taken to be good and a payment to be authorised until a funding file says otherwise.
package struct FileAcquirer: Acquirer {
  /// Answered at once: as many as one transaction claims.
  package let concurrencyMax = 500
  package let capturesByFile = true

  /// Makes it.
  package init() {}

  /// Promises what only the files will tell.
  package func ask(_ request: AcquirerRequest) async -> AcquirerAnswer {
    switch request.operation {
    case .check, .authorise: .done(reference: request.key.description)
    case .capture, .refund: .unknown("it goes into the next clearing file")
    }
  }
}

/// Why a clearing file is not laid into its folder.
package struct ClearingFileFault: Error, Sendable, Hashable, CustomStringConvertible {
  package let description: String
}

/// The folders through which files are exchanged: one for the acquirer to fetch from, one for it to
/// fill; what was read is moved to `taken` or, with the reason beside it, to `refused` in that one.
package struct AcquirerFolder: Sendable {
  /// Seconds for which a file that cannot be read is taken to be still on its way.
  package static let settleSeconds: Double = 60
  /// Most bytes of a file's name once it was read: a reason and a number have to fit behind it.
  package static let nameBytesMax = 200

  private let outgoing: String
  private let incoming: String

  /// Names the folders; they need not be there.
  package init(out: String, in incoming: String) {
    outgoing = out
    self.incoming = incoming
  }

  /// Writes a clearing file, whole or not at all, for its owner only: it names cards.
  ///
  /// True when it is there now and was not before. Another file of its name is a fault: the acquirer would take
  /// that one, and this one would count as given out.
  package func write(_ file: ClearingFile) throws -> Bool {
    let target = outgoing + "/" + file.name
    if FileManager.default.fileExists(atPath: target) {
      guard FileManager.default.contents(atPath: target) == Data(file.bytes) else {
        throw ClearingFileFault(
          description:
            "\(target) is there, and is another file: move it away when you know whose it is")
      }
      return false
    }
    try make(outgoing)
    // Each process writes a part of its own.
    let part = target + ".\(ProcessInfo.processInfo.processIdentifier).part"
    guard
      FileManager.default.createFile(
        atPath: part, contents: Data(file.bytes), attributes: [.posixPermissions: 0o600])
    else { throw CocoaError(.fileWriteUnknown) }
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: part))
    try handle.synchronize()
    try handle.close()
    try FileManager.default.moveItem(atPath: part, toPath: target)
    return true
  }

  /// Names of the funding files that wait, in order; those still being written are left out.
  ///
  /// One that cannot be read is among them, so that whoever takes it says so. Throws where the folder is
  /// there and cannot be read.
  package func waiting(now: Instant) throws -> [String] {
    try files().filter(Self.isOfFunding).filter { name in
      guard let bytes = try? read(name) else { return true }
      if (try? FundingFile.read(bytes)) != nil { return true }
      return hasSettled(name, now: now) ?? true
    }
  }

  /// Names of the files that are left where they are, for they do not end in `.csv`, in order.
  ///
  /// Those still being written are left out, and so are hidden ones: whoever sends a file hides it so until it
  /// is whole.
  package func leftAlone(now: Instant) throws -> [String] {
    try files().filter { name in
      !Self.isOfFunding(name) && !name.hasPrefix(".") && hasSettled(name, now: now) ?? false
    }
  }

  /// Whether a file is of funding by its name, which some systems write in capitals.
  private static func isOfFunding(_ name: String) -> Bool { name.lowercased().hasSuffix(".csv") }

  /// Names of all that lies in the folder of funding files and is no folder, in order.
  private func files() throws -> [String] {
    guard FileManager.default.fileExists(atPath: incoming) else { return [] }
    return try FileManager.default.contentsOfDirectory(atPath: incoming).sorted().filter { name in
      facts(of: name)?[.type] as? FileAttributeType != .typeDirectory
    }
  }

  /// Whether a file was not written for long enough; nil where nobody can tell.
  private func hasSettled(_ name: String, now: Instant) -> Bool? {
    guard let changed = facts(of: name)?[.modificationDate] as? Date else { return nil }
    let seconds = Double(now.microseconds) / 1e6 - changed.timeIntervalSince1970
    return seconds >= Self.settleSeconds
  }

  private func facts(of name: String) -> [FileAttributeKey: Any]? {
    try? FileManager.default.attributesOfItem(atPath: incoming + "/" + name)
  }

  /// The bytes of a funding file, at most one more than a file may have.
  package func read(_ name: String) throws -> [UInt8] { try Self.read(incoming + "/" + name) }

  private static func read(_ path: String) throws -> [UInt8] {
    let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
    defer { try? handle.close() }
    return Array(try handle.read(upToCount: FundingFile.bytesMax + 1) ?? Data())
  }

  /// Moves a funding file out of the way; one of the same name gets a number behind it.
  ///
  /// The reason why it was refused is written beside it, for whoever looks into the folder. False where
  /// another file came under its name since its bytes were read: that one stays.
  package func move(
    _ name: String, holding bytes: [UInt8], refusedBecause reason: String? = nil
  ) throws -> Bool {
    let folder = incoming + (reason == nil ? "/taken" : "/refused")
    try make(folder)
    let kept = name.quoted(bytesMax: Self.nameBytesMax)
    var target = folder + "/" + kept
    var number = 1
    while FileManager.default.fileExists(atPath: target) {
      number += 1
      target = folder + "/\(kept).\(number)"
    }
    try FileManager.default.moveItem(atPath: incoming + "/" + name, toPath: target)
    guard try Self.read(target) == bytes else {
      try FileManager.default.moveItem(atPath: target, toPath: incoming + "/" + name)
      return false
    }
    if let reason {
      try Data((reason + "\n").utf8).write(to: URL(fileURLWithPath: target + ".reason.txt"))
    }
    return true
  }

  private func make(_ folder: String) throws {
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  }
}
