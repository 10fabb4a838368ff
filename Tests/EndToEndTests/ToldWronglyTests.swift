import Foundation
import Programs
import ServiceClient
import Testing

/// What a service is told wrongly is said with where and what to do, before a database is made for it.
@Suite struct ToldWronglyTests {
  private func serve(_ arguments: [String]) async throws -> (RunningProgram.End, isMade: Bool) {
    let data = try TemporaryFolder.make("told")
    defer { try? FileManager.default.removeItem(at: data) }
    let end = try await Command.run(["serve", "--data", data.path] + arguments)
    let postgres = data.appendingPathComponent("postgres").path
    return (end, FileManager.default.fileExists(atPath: postgres))
  }

  @Test(arguments: [
    ("nosuch.invalid", "There is no address of the name nosuch.invalid"),
    ("192.0.2.1", "192.0.2.1 is no address of this machine"),
  ])
  func anAddressThatIsNotOursIsNamed(_ host: String, _ words: String) async throws {
    let (end, isMade) = try await serve(["--host", host, "--port", "0"])
    #expect(end.exitCode == 3)
    #expect(end.errors.contains(words) && end.errors.contains("--host"), "\(end.errors)")
    // A start that ends is no fault of its workers.
    #expect(!end.errors.contains("CancellationError"), "\(end.errors)")
    #expect(!isMade)
  }

  @Test func aFileOfTLSThatIsNotThereIsToldFromOneThatHoldsSomethingElse() async throws {
    let folder = try TemporaryFolder.make("tls")
    defer { try? FileManager.default.removeItem(at: folder) }
    let text = folder.appendingPathComponent("text.pem").path
    try Data("no certificate".utf8).write(to: URL(fileURLWithPath: text))
    for (file, words) in [
      ("/nonexistent.pem", "No such file or directory"), (text, "it holds no certificate in PEM"),
    ] {
      let (end, isMade) = try await serve([
        "--port", "0", "--tls-certificate", file, "--tls-key", file,
      ])
      #expect(end.exitCode == 2)
      #expect(end.errors.contains("\(file) cannot be used for TLS: \(words)"), "\(end.errors)")
      #expect(!isMade)
    }
  }

  @Test func aFolderThatCannotBeMadeIsToldByTheSystemsWord() async throws {
    let folder = try TemporaryFolder.make("made")
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("file").path
    try Data("file".utf8).write(to: URL(fileURLWithPath: file))
    for data in [file, file + "/data"] {
      let end = try await Command.run(["serve", "--port", "0", "--data", data])
      #expect(end.exitCode == 3)
      #expect(
        end.errors.contains("The folder \(data) cannot be made: \(data): Not a directory"),
        "\(end.errors)")
    }
  }

  @Test(arguments: [
    ["wallet", "top-up", "YW5uYQ", "-5", "--currency", "UAH", "--channel", "cash", "--key", "k"],
    [
      "wallet", "top-up", "YW5uYQ", "-5.00", "--currency", "UAH", "--channel", "cash", "--key", "k",
    ],
    ["serve", "--tap-age-days", "-5"], ["rate", "limit", "-5"],
  ])
  func aNumberBelowZeroIsToldAsWhatItIs(_ arguments: [String]) async throws {
    let end = try await Command.run(arguments)
    #expect(end.exitCode == 2)
    let number = arguments.first { $0.hasPrefix("-5") } ?? ""
    #expect(end.errors.contains("\(number) begins as an option does"), "\(end.errors)")
    #expect(end.errors.contains("--option=\(number), or -- \(number) at the end"), "\(end.errors)")
  }

  /// Read as what it is, it goes on to be looked at: nobody is here who could give the order.
  @Test func aNumberBelowZeroIsReadWhereItIsWrittenAsTold() async throws {
    let folder = try TemporaryFolder.make("none").appendingPathComponent("nothing").path
    let data = ["--data", folder]
    for arguments in [
      ["wallet", "correct", "YW5uYQ", "--minor=-5", "--currency", "UAH", "--reason", "test"] + data,
      ["rate", "limit"] + data + ["--", "-5"],
    ] {
      let end = try await Command.run(arguments)
      #expect(end.exitCode == 3, "\(end.errors)")
      #expect(end.errors.contains("There is no service in"), "\(end.errors)")
    }
  }

  @Test func aNumberBelowZeroThatWasReadIsNoCauseOfWhatIsMissing() async throws {
    let end = try await Command.run([
      "wallet", "correct", "YW5uYQ", "--minor", "-5", "--reason", "test",
    ])
    #expect(end.exitCode == 2 && end.errors.contains("--currency"), "\(end.errors)")
    #expect(!end.errors.contains("begins as an option does"), "\(end.errors)")
  }

  @Test func aNumberBelowZeroThatWasReadAndIsInvalidIsToldAsThatAlone() async throws {
    let end = try await Command.run([
      "wallet", "correct", "YW5uYQ", "--minor", "-5.5", "--currency", "UAH", "--reason", "test",
    ])
    #expect(end.exitCode == 2, "\(end.errors)")
    #expect(end.errors.contains("The value '-5.5' is invalid for '--minor"), "\(end.errors)")
    #expect(!end.errors.contains("begins as an option does"), "\(end.errors)")
  }

  @Test func theChannelsOfMoneyAreToldAsTheHelpHasThem() async throws {
    let end = try await Command.run([
      "wallet", "top-up", "YW5uYQ", "5", "--currency", "UAH", "--channel", "cheque", "--key", "k",
      "--reason", "test",
    ])
    #expect(end.exitCode == 2)
    #expect(end.errors.contains("cheque is none of cash, transfer, acquirer"), "\(end.errors)")
    #expect(end.errors.contains("for products alone"), "\(end.errors)")
  }

  @Test func aConfigurationThatCannotBeReadSaysWhyAndWhere() async throws {
    let folder = try TemporaryFolder.make("config")
    defer { try? FileManager.default.removeItem(at: folder) }
    let broken = folder.appendingPathComponent("broken.json").path
    try Data("{\n  \"port\": 8080,\n  \"host\" \"x\"\n}\n".utf8)
      .write(to: URL(fileURLWithPath: broken))
    let marked = folder.appendingPathComponent("marked.json").path
    try Data("\u{FEFF}{\"port\": 8080}\n".utf8).write(to: URL(fileURLWithPath: marked))
    for (file, words) in [
      (folder.path + "/none.json", "No such file or directory"),
      (folder.path, "it is a folder"), (broken, "it is no JSON: line 3 "),
      (marked, "it begins with a byte order mark"),
    ] {
      let (end, _) = try await serve(["--config", file])
      #expect(end.exitCode == 2)
      #expect(
        end.errors.contains("The configuration \(file) cannot be read: \(words)"), "\(end.errors)")
      #expect(!end.errors.contains("acquirer_files_at"), "\(end.errors)")
    }
  }

  @Test func aProofThatCannotBeReadSaysWhyAndWhere() async throws {
    let folder = try TemporaryFolder.make("proof")
    defer { try? FileManager.default.removeItem(at: folder) }
    let broken = folder.appendingPathComponent("broken.json").path
    try Data("{\n  \"entry\": 1,\n  \"port\" 1\n}\n".utf8).write(to: URL(fileURLWithPath: broken))
    let missing = folder.path + "/none.json"
    for (file, words, exitCode) in [
      (missing, "\(missing) cannot be read: No such file or directory.", 3),
      (folder.path, "\(folder.path) cannot be read: it is a folder.", 3),
      (broken, "\(broken) is no proof: it is no JSON: line 3 ", 1),
    ] {
      let end = try await Command.run(["ledger", "verify-proof", file])
      #expect(end.exitCode == exitCode && end.errors.contains(words), "\(end.errors)")
    }
  }

  @Test func certificatesAreWrittenToAFolder() async throws {
    let folder = try TemporaryFolder.make("certificates")
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("a.json")
    try Data("a file".utf8).write(to: file)
    let end = try await Command.run(["certificate", "make", "--out", file.path])
    #expect(end.exitCode == 3)
    #expect(end.errors.contains("--out is a folder, and it cannot be made: \(file.path)"))
    #expect(end.errors.contains("Not a directory"), "\(end.errors)")
    // What callers were given is signed by an authority whose key is gone: it is not replaced.
    let place = folder.appendingPathComponent("c")
    let made = try await Command.run(["certificate", "make", "--out", place.path])
    #expect(made.exitCode == 0, "\(made.errors)")
    let key = try Data(contentsOf: place.appendingPathComponent("server-key.pem"))
    let again = try await Command.run(["certificate", "make", "--out", place.path])
    #expect(again.exitCode == 1 && again.errors.contains("ca.pem is there"), "\(again.errors)")
    #expect(try Data(contentsOf: place.appendingPathComponent("server-key.pem")) == key)
  }

  @Test func theAmountOfALineThatIsNoneIsToldByWhatIsWrongWithIt() async throws {
    for (amount, words) in [
      ("-700", "the amount is above zero"), ("0", "the amount is above zero"),
      ("99999999999999999999", "the amount is at most"), ("1.5", "in digits"), ("", "in digits"),
    ] {
      let end = try await Command.run([
        "ledger", "adjust", "request", "--line", "2290:debit:\(amount)", "--line",
        "7100:credit:700", "--currency", "UAH", "--reason", "test",
      ])
      #expect(end.exitCode != 0 && end.errors.contains(words), "\(amount): \(end.errors)")
    }
  }
}
