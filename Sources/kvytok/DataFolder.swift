import Basics
import Foundation
import Intake
import Store
import Tapping

/// The folder of a service: its private PostgreSQL, its keys, the first token.
struct DataFolder: Sendable {
  /// The folder when none is named.
  static let standard = "kvytok-data"
  /// Most tokens of earlier first starts that stay beside the one that holds.
  static let tokensBeforeMax = 1_000

  /// Absolute path.
  let path: String

  /// Names a folder; it need not be there.
  init(_ path: String) {
    self.path = URL(fileURLWithPath: path).standardizedFileURL.path
  }

  var clusterFolder: String { path + "/postgres" }
  var adminTokenFile: String { path + "/admin-token" }
  private var keyFolder: String { path + "/keys" }
  private var tokenKeyFile: String { keyFolder + "/token-hmac.key" }
  private var sessionKeyFile: String { keyFolder + "/session.key" }

  /// Whether it was ever made.
  var isThere: Bool { OwnerWords.mayBeThere(path) }
  /// Whether a service ever ran on it: nothing but a service makes a database where there is none.
  var hasCluster: Bool { OwnerWords.mayBeThere(clusterFolder) }
  /// Whether the key of the tokens lies in it, or may, where this process must not look.
  var hasTokenKey: Bool { OwnerWords.mayBeThere(tokenKeyFile) }
  /// Where the data of the database lie when a link leads there, of the folder or in it; nil where they lie inside, or
  /// this process must not look.
  var linkedData: String? {
    let named = URL(fileURLWithPath: path)
    guard let real = Self.real(clusterFolder + "/data"),
      let above = Self.real(named.deletingLastPathComponent().path)
    else { return nil }
    let inside = URL(fileURLWithPath: above).appendingPathComponent(named.lastPathComponent).path
    return real == inside + "/postgres/data" ? nil : real
  }
  /// Whether a key of a service lies in it.
  private var hasKeys: Bool { hasTokenKey || OwnerWords.mayBeThere(sessionKeyFile) }

  /// Checks that there is no key without its private database.
  func requireDatabaseOfKeys() throws(CommandFault) {
    if let fault = lostDatabase { throw fault }
  }

  /// That there is a key without its private database, and what to do; nil where both or neither are there.
  ///
  /// A database that is made anew would know no card, no validator and no person of the city, and look well.
  private var lostDatabase: CommandFault? {
    let data = clusterFolder + "/data"
    guard hasKeys, !OwnerWords.mayBeThere(data + "/PG_VERSION") else { return nil }
    return CommandFault(
      "\(keyFolder) holds keys of an earlier service, and its database, \(data), is not there; nothing was made. "
        + "Mount or restore the database, or name it with --database-url. Where a new city begins, or a first start "
        + "of an earlier program failed: take another folder with --data, or move \(keyFolder) away."
    )
  }

  /// What is told, with what to do, where no service ever ran on it, or its database is lost.
  var noService: CommandFault {
    lostDatabase
      ?? CommandFault(
        "There is no service in \(path). Mount or restore it, or name its folder with --data or its server with "
          + "--database-url. Only where a new city begins: `kvytok serve`.")
  }

  /// Checks that no service ran on it before, whose key validators know: an empty database is not its own then.
  ///
  /// That key is the last thing that a first start makes, so one that was broken off goes on.
  func requireNoServiceKey(besideEmpty place: String) throws(CommandFault) {
    guard OwnerWords.mayBeThere(sessionKeyFile) else { return }
    throw CommandFault(
      "The database at \(place) holds nothing of Kvytok, and \(sessionKeyFile) is of a service that ran before; nothing was "
        + "made. Is it the right database? Restore the one that was here, or name the right one with "
        + "--database-url. Where a new city begins: take another folder with --data, or move \(keyFolder) away."
    )
  }

  /// Bytes that are free where it lies, or would lie; nil when the system does not say.
  func freeBytes() -> Int64? { Self.freeBytes(at: isThere ? path : "/") }

  /// The same of its database, which may lie on a volume of its own.
  func freeBytesOfDatabase() -> Int64? {
    Self.real(clusterFolder + "/data").flatMap(Self.freeBytes) ?? freeBytes()
  }

  /// Where its database lies, without links; the folder itself where there is none, or this process must not look.
  var placeOfDatabase: String { Self.real(clusterFolder + "/data") ?? path }

  /// Whether another place lies on another disk; false where one of them may not be looked at.
  func isOnAnotherDisk(than place: String) -> Bool {
    guard let own = Self.disk(of: path), let other = Self.disk(of: place) else { return false }
    return own != other
  }

  private static func disk(of path: String) -> Int? {
    real(path).flatMap { try? FileManager.default.attributesOfItem(atPath: $0)[.systemNumber] }
      as? Int
  }

  private static func freeBytes(at path: String) -> Int64? {
    // A URL of its own each time: one keeps what it found.
    let values = try? URL(fileURLWithPath: path)
      .resourceValues(forKeys: [.volumeAvailableCapacityKey])
    return values?.volumeAvailableCapacity.map { Int64($0) }
  }

  /// A path without links; nil where it leads nowhere, or this process must not look.
  private static func real(_ path: String) -> String? {
    let real = realpath(path, nil)
    defer { free(real) }
    return real.map { String(cString: $0) }
  }

  /// Makes the folder where it is not there; others may pass through it to what is theirs.
  func make() throws(CommandFault) {
    try makeFolder(path, mode: 0o711)
  }

  /// The key that turns tokens of cards into identities: made once, never shown.
  func tokenKey(orMakeFrom random: () -> [UInt8]) throws(CommandFault) -> TokenKey {
    if !hasTokenKey {
      try makeFolder(keyFolder, mode: 0o700)
      try DataFolder.write(hexText(random()) + "\n", toNew: tokenKeyFile)
    }
    return try tokenKey()
  }

  /// The key that turns tokens of cards into identities; nil when the folder has none for this user.
  func tokenKeyOrNil() throws(CommandFault) -> TokenKey? {
    access(tokenKeyFile, R_OK) == 0 ? try tokenKey() : nil
  }

  /// The key that turns tokens of cards into identities.
  func tokenKey() throws(CommandFault) -> TokenKey {
    guard let text = try DataFolder.text(ofFile: tokenKeyFile) else {
      throw CommandFault(
        "\(tokenKeyFile) is not there. It is made by `kvytok serve`; restore it from a backup, "
          + "for without it no card is known again.")
    }
    guard let key = DataFolder.bytes(ofHex: text).flatMap(TokenKey.init) else {
      throw CommandFault(
        "\(tokenKeyFile) is not \(TokenKey.byteCount) bytes in hexadecimal; restore it from a "
          + "backup.")
    }
    return key
  }

  /// The secret from which the service's identity and the keys of sessions follow: made once, never
  /// shown.
  ///
  /// Without chance none is made where there is none.
  func sessionSecret(
    orMakeFrom random: (() -> [UInt8])? = nil
  ) throws(CommandFault) -> SessionSecret {
    if !OwnerWords.mayBeThere(sessionKeyFile) {
      guard let random else {
        throw CommandFault(
          "There is no \(sessionKeyFile), and validators know the service by it. Restore it, or copy it from "
            + "the other service processes. Where it is lost for good: kvytok device new-service-key"
        )
      }
      try makeFolder(keyFolder, mode: 0o700)
      try DataFolder.write(hexText(random()) + "\n", toNew: sessionKeyFile)
    }
    let text = try DataFolder.text(ofFile: sessionKeyFile) ?? ""
    guard let secret = DataFolder.bytes(ofHex: text).flatMap(SessionSecret.init) else {
      throw CommandFault(
        "\(sessionKeyFile) is not \(SessionSecret.byteCount) bytes in hexadecimal; restore it "
          + "from a backup.")
    }
    return secret
  }

  /// The text of a file; nil when there is none, which one that may not be read is not.
  private static func text(ofFile path: String) throws(CommandFault) -> String? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else {
      switch errno {
      case ENOENT, ENOTDIR: return nil
      case EACCES, EPERM: throw CommandFault(OwnerWords.refusal(path, verb: "read") + ".")
      default: throw CommandFault("\(path) cannot be read: \(String(cString: strerror(errno)))")
      }
    }
    close(file)
    guard let bytes = FileManager.default.contents(atPath: path) else {
      throw CommandFault("\(path) cannot be read: is it a file?")
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Writes the first administrator's token where only its owner can read it; one of before stays beside it, under the
  /// first number that is free.
  ///
  /// It has both names until the new one is whole, so that there is a token whatever happens between.
  func writeAdminToken(_ token: String) throws(CommandFault) {
    for number in 1...Self.tokensBeforeMax {
      let before = "\(adminTokenFile).\(number)"
      if link(adminTokenFile, before) == 0 || errno == ENOENT { break }
      guard errno == EEXIST, number < Self.tokensBeforeMax else {
        throw DataFolder.cannotWrite(before)
      }
    }
    try DataFolder.write(token + "\n", to: adminTokenFile)
  }

  private func makeFolder(_ path: String, mode: Int) throws(CommandFault) {
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: mode])
    } catch {
      throw CommandFault("The folder \(path) cannot be made: \(OwnerWords.whyNotMade(path))")
    }
  }

  /// Writes a file that only its owner may read, whole or not at all.
  static func write(_ text: String, to path: String) throws(CommandFault) {
    try write(Array(text.utf8), to: path)
  }

  /// The same of bytes.
  static func write(_ bytes: [UInt8], to path: String) throws(CommandFault) {
    let temporary = try writeTemporary(bytes, for: path)
    guard rename(temporary, path) == 0 else { throw cannotWrite(path) }
  }

  /// The same where there is no such file; one that another process made meanwhile stays.
  private static func write(_ text: String, toNew path: String) throws(CommandFault) {
    let temporary = try writeTemporary(Array(text.utf8), for: path)
    let isThere = link(temporary, path) == 0 || errno == EEXIST
    let fault = cannotWrite(path)
    unlink(temporary)
    guard isThere else { throw fault }
  }

  /// Writes a file beside the one that it shall become; each process has its own.
  private static func writeTemporary(_ bytes: [UInt8], for path: String) throws(CommandFault)
    -> String
  {
    let temporary = path + ".\(getpid()).new"
    unlink(temporary)
    let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL, 0o600)
    guard file >= 0 else { throw cannotWrite(path) }
    let isWritten = Foundation.write(file, bytes, bytes.count) == bytes.count && fsync(file) == 0
    close(file)
    guard isWritten else { throw cannotWrite(path) }
    return temporary
  }

  private static func cannotWrite(_ path: String) -> CommandFault {
    CommandFault("\(path) cannot be written: \(String(cString: strerror(errno)))")
  }

  /// Bytes of a file of hexadecimal digits, which may stand in lines; nil when they are none.
  static func bytes(ofHex text: String) -> [UInt8]? {
    let digits = text.utf8.filter { $0 != 0x0A && $0 != 0x0D && $0 != 0x20 }
    return hexBytes(String(decoding: digits, as: UTF8.self))
  }
}
