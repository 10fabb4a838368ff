import Configuration
import Foundation
import Insight
import Logging
import Tapping
import Web

/// What `kvytok serve` was told: by the command line, else the environment, else a file.
struct ServeSettings: Sendable {
  /// Most days before its receipt that a tap may be let lie: a hundred years.
  static let tapAgeDaysMax = 36_500
  /// Most days for which positions may be kept.
  static let positionDaysMax = 40_000
  /// Port when none is named.
  static let portStandard = 8080

  var host: String
  /// Port to listen on; 0 lets the system choose.
  var port: Int
  var place: DatabasePlace
  var parts: Set<ServicePart>
  /// Folder of the tariff to publish when none is published yet.
  var tariff: String?
  /// How the acquirer of bank cards is reached.
  var acquirer: AcquirerPlace
  /// Bounds of what taps may say.
  var admission = AdmissionLimits()
  /// Days for which positions are kept.
  var positionDays: Int
  var logLevel: Logger.Level
  /// Certificate and key; nil when the service is reached without TLS.
  var tls: EdgeTLS?
  var limits = EdgeLimits()
  /// Proxies that are believed when they say for whom they ask.
  var proxies = TrustedProxies()

  /// Reads the settings of a command from where they stand.
  static func read(_ command: ServeCommand) async throws -> ServeSettings {
    let reader = try await reader(file: command.config)
    let url = command.database.databaseURL ?? reader.string(forKey: "database_url", isSecret: true)
    let data = command.database.data ?? reader.string(forKey: "data") ?? DataFolder.standard
    let told = try Self.told(reader.int(forKey: "port"), "port", "a number such as 8080", reader)
    let port = command.port ?? told ?? portStandard
    guard (0...65_535).contains(port) else {
      throw CommandFault(
        "Port \(port) does not exist; use 0 to 65535.", exitCode: CommandFault.usage)
    }
    let admission = try admission(
      days: command.tapAgeDays
        ?? Self.told(reader.int(forKey: "tap_age_days"), "tap_age_days", "a number of days", reader)
    )
    return ServeSettings(
      host: command.host ?? reader.string(forKey: "host") ?? "127.0.0.1", port: port,
      place: DatabasePlace(url: url, folder: DataFolder(data)),
      parts: try parts(command.roles ?? reader.string(forKey: "roles")),
      tariff: command.tariff ?? reader.string(forKey: "tariff"),
      acquirer: AcquirerPlace(
        url: reader.string(forKey: "acquirer_url"),
        secret: reader.string(forKey: "acquirer_secret", isSecret: true),
        isByFiles: try Self.told(
          reader.bool(forKey: "acquirer_files"), "acquirer_files", "true or false", reader)
          ?? false,
        merchant: reader.string(forKey: "merchant") ?? AcquirerPlace.merchantStandard,
        out: reader.string(forKey: "acquirer_out"),
        incoming: reader.string(forKey: "acquirer_in"),
        fileSecond: try AcquirerPlace.fileSecond(reader.string(forKey: "acquirer_files_at"))),
      admission: admission,
      positionDays: try positionDays(
        command.positionDays
          ?? Self.told(
            reader.int(forKey: "position_days"), "position_days", "a number of days", reader),
        tapAgeDays: Int(admission.pastSecondsMax / 86_400)),
      logLevel: try logLevel(command.logLevel ?? reader.string(forKey: "log_level")),
      tls: try tls(
        certificate: command.tlsCertificate ?? reader.string(forKey: "tls_certificate"),
        key: command.tlsKey ?? reader.string(forKey: "tls_key"),
        clientAuthority: command.tlsClientCa ?? reader.string(forKey: "tls_client_ca")),
      proxies: try proxies(
        command.trustedProxy.isEmpty
          ? [reader.string(forKey: "trusted_proxy")].compactMap { $0 } : command.trustedProxy))
  }

  /// A setting that is no text; one that cannot be read is a fault, and not the standard.
  private static func told<Value>(
    _ value: Value?, _ key: String, _ kind: String, _ reader: ConfigReader
  ) throws(CommandFault) -> Value? {
    if value == nil, let text = reader.string(forKey: ConfigKey(key)) {
      throw CommandFault(
        "\(key) is \(kind), not \(text).", exitCode: CommandFault.usage)
    }
    return value
  }

  /// The environment (`KVYTOK_PORT`), then a JSON file (`{"port": 8080}`).
  private static func reader(file: String?) async throws -> ConfigReader {
    var providers: [any ConfigProvider] = [
      EnvironmentVariablesProvider().prefixKeys(with: ["kvytok"])
    ]
    if let path = file ?? ProcessInfo.processInfo.environment["KVYTOK_CONFIG"] {
      do {
        let place = ConfigReader(
          provider: InMemoryProvider(values: [
            "filePath": ConfigValue(.string(path), isSecret: false)
          ]))
        try SettingsFile.check(path)
        providers.append(try await FileProvider<JSONSnapshot>(config: place))
      } catch {
        throw CommandFault(
          "The configuration \(path) cannot be read: \(error). Mend it, or name another with --config.",
          exitCode: CommandFault.usage)
      }
    }
    return ConfigReader(providers: providers)
  }

  private static func admission(days: Int?) throws(CommandFault) -> AdmissionLimits {
    var limits = AdmissionLimits()
    guard let days else { return limits }
    guard (1...tapAgeDaysMax).contains(days) else {
      throw CommandFault(
        "A tap may lie 1 to \(tapAgeDaysMax) days before its receipt, not \(days).",
        exitCode: CommandFault.usage)
    }
    limits.pastSecondsMax = Int64(days) * 86_400
    return limits
  }

  /// A tap that may still come is not to find the positions of its day gone.
  private static func positionDays(_ told: Int?, tapAgeDays: Int) throws(CommandFault) -> Int {
    let least = tapAgeDays + PartitionKeeper.positionDaysBeyondTapsMin
    let days = told ?? tapAgeDays + PartitionKeeper.positionDaysBeyondTapsStandard
    guard (least...positionDaysMax).contains(days) else {
      throw CommandFault(
        "Positions are kept \(least) to \(positionDaysMax) days, not \(days): a tap may come "
          + "\(tapAgeDays) days late (--tap-age-days), and is placed by the positions of its day.",
        exitCode: CommandFault.usage)
    }
    return days
  }

  private static func proxies(_ texts: [String]) throws(CommandFault) -> TrustedProxies {
    do {
      return try TrustedProxies(texts)
    } catch {
      throw CommandFault("trusted_proxy: \(error).", exitCode: CommandFault.usage)
    }
  }

  private static func tls(
    certificate: String?, key: String?, clientAuthority: String?
  ) throws(CommandFault) -> EdgeTLS? {
    switch (certificate, key) {
    case (let certificate?, let key?):
      return EdgeTLS(
        certificateFile: certificate, keyFile: key, clientAuthorityFile: clientAuthority)
    case (nil, nil) where clientAuthority == nil: return nil
    default:
      throw CommandFault(
        "TLS needs both --tls-certificate and --tls-key; --tls-client-ca asks callers for theirs "
          + "beside them.", exitCode: CommandFault.usage)
    }
  }

  private static func parts(_ text: String?) throws(CommandFault) -> Set<ServicePart> {
    guard let text else { return Set(ServicePart.allCases) }
    var parts: Set<ServicePart> = []
    for name in text.split(separator: ",") {
      guard let part = ServicePart(rawValue: name.filter { $0 != " " }) else {
        let known = ServicePart.allCases.map(\.rawValue).joined(separator: ",")
        throw CommandFault(
          "There is no role \(name); use some of \(known).", exitCode: CommandFault.usage)
      }
      parts.insert(part)
    }
    guard !parts.isEmpty else {
      throw CommandFault("--roles names no role.", exitCode: CommandFault.usage)
    }
    return parts
  }

  private static func logLevel(_ text: String?) throws(CommandFault) -> Logger.Level {
    guard let text else { return .info }
    guard let level = Logger.Level(rawValue: text) else {
      throw CommandFault(
        "There is no log level \(text); use trace, debug, info, notice, warning, error or "
          + "critical.", exitCode: CommandFault.usage)
    }
    return level
  }
}
