import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Properties;

/** MariaDB's JDBC driver: text and server-side statements, batches, streaming, cancellation. See ../README.md. */
public class ByJdbc {
    interface Act {
        void run() throws Exception;
    }

    static void told(Object... what) {
        System.out.println(String.join(" | ", Arrays.stream(what).map(String::valueOf).toList()));
    }

    static void fails(Act act) throws Exception {
        try {
            act.run();
            told("NOT REFUSED");
        } catch (SQLException error) {
            told("refused", error.getErrorCode(), error.getSQLState());
        }
    }

    static Connection connect(boolean statementsOnServer) throws SQLException {
        var env = System.getenv();
        var settings = new Properties();
        settings.setProperty("user", env.get("DB_USER"));
        settings.setProperty("password", env.get("DB_PASSWORD"));
        settings.setProperty("useSsl", "true");
        settings.setProperty("serverSslCert", env.get("DB_CA"));
        settings.setProperty("useServerPrepStmts", String.valueOf(statementsOnServer));
        var url = "jdbc:mariadb://" + env.get("DB_HOST") + ":" + env.get("DB_PORT") + "/" + env.get("DB_NAME");
        return DriverManager.getConnection(url, settings);
    }

    static void queries(Connection link) throws Exception {
        try (var statement = link.prepareStatement("SELECT ? * 2, ?, ?")) {
            for (int turn = 0; turn < 4; turn++) {
                statement.setInt(1, turn);
                statement.setString(2, "O'Brien \\ 上海");
                statement.setNull(3, java.sql.Types.INTEGER);
                var row = statement.executeQuery();
                row.next();
                told("prepared", row.getInt(1), row.getString(2), row.getObject(3));
            }
        }
        try (var statement = link.createStatement()) {
            statement.setFetchSize(100);
            long sum = 0;
            var rows = statement.executeQuery("SELECT seq, repeat('x', 200) FROM seq_1_to_20000");
            while (rows.next()) {
                sum += rows.getInt(1) + rows.getString(2).length();
            }
            told("fetched", sum);
            fails(() -> statement.execute("SELECT nothing FROM nowhere"));
            fails(() -> statement.execute("SELEC"));
            statement.setQueryTimeout(1);
            fails(() -> statement.execute("SELECT count(*) FROM seq_1_to_1000000000 WHERE seq % 7 = 3"));
        }
    }

    static void transactions(Connection link) throws Exception {
        try (var statement = link.createStatement()) {
            statement.execute("CREATE TABLE jdbc (id int PRIMARY KEY, note text)");
            link.setAutoCommit(false);
            try (var insert = link.prepareStatement("INSERT INTO jdbc VALUES (?, ?)")) {
                for (int n = 0; n < 100; n++) {
                    insert.setInt(1, n);
                    insert.setString(2, "row " + n);
                    insert.addBatch();
                }
                told("batch", insert.executeBatch().length);
            }
            link.commit();
            told("deleted", statement.executeUpdate("DELETE FROM jdbc"));
            fails(() -> statement.execute("INSERT INTO jdbc VALUES (1, 'a'), (1, 'b')"));
            link.rollback();
            link.setAutoCommit(true);
            var rows = statement.executeQuery("SELECT count(*) FROM jdbc");
            rows.next();
            told("rows", rows.getLong(1));
            statement.execute("DROP TABLE jdbc");
        }
    }

    public static void main(String[] args) throws Exception {
        for (boolean onServer : new boolean[] {false, true}) {
            try (Connection link = connect(onServer)) {
                queries(link);
                transactions(link);
            }
        }
    }
}
