import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.Properties;
import java.util.Timer;
import java.util.TimerTask;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

/** JDBC's driver of PostgreSQL: server-side statements, batches, fetch sizes, COPY, cancellation. libpq's environment. */
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
            told("refused", error.getSQLState(), error.getMessage().lines().findFirst().orElse(""));
        }
    }

    static Connection connect() throws SQLException {
        var env = System.getenv();
        var settings = new Properties();
        settings.setProperty("user", env.get("PGUSER"));
        settings.setProperty("password", env.get("PGPASSWORD"));
        settings.setProperty("sslmode", "verify-full");
        settings.setProperty("sslrootcert", env.get("PGSSLROOTCERT"));
        settings.setProperty("prepareThreshold", "3");
        var url = "jdbc:postgresql://" + env.get("PGHOST") + ":" + env.get("PGPORT") + "/" + env.get("PGDATABASE");
        return DriverManager.getConnection(url, settings);
    }

    static void queries(Connection link) throws Exception {
        try (var statement = link.prepareStatement("SELECT ?::int * 2, ?::text, ?::numeric, ?::bool, ?::timestamptz::text")) {
            for (int turn = 0; turn < 6; turn++) {
                statement.setInt(1, turn);
                statement.setString(2, "O'Brien \\ 上海");
                statement.setBigDecimal(3, new java.math.BigDecimal("12345678901234567890.123"));
                statement.setBoolean(4, true);
                statement.setString(5, "2026-11-23 12:00:00+00");
                var row = statement.executeQuery();
                row.next();
                told("prepared", row.getInt(1), row.getString(2), row.getBigDecimal(3), row.getBoolean(4), row.getString(5));
            }
        }
        try (var statement = link.createStatement()) {
            statement.execute("SELECT 1; SELECT 2");
            statement.getMoreResults();
            statement.getResultSet().next();
            told("several", statement.getResultSet().getInt(1));
            fails(() -> statement.execute("SELECT 1/0"));
            fails(() -> statement.execute("SELEC"));
        }
        link.setAutoCommit(false);
        try (var statement = link.createStatement()) {
            statement.setFetchSize(1000);
            long sum = 0;
            var rows = statement.executeQuery("SELECT n, repeat('x', 200) FROM generate_series(1, 20000) AS n");
            while (rows.next()) {
                sum += rows.getInt(1) + rows.getString(2).length();
            }
            told("fetched", sum);
        }
        link.commit();
        link.setAutoCommit(true);
    }

    static void transactions(Connection link) throws Exception {
        try (var statement = link.createStatement()) {
            statement.execute("CREATE TABLE jdbc (id int PRIMARY KEY, note text)");
            link.setAutoCommit(false);
            batch(link, 0, 100);
            link.commit();
            told("deleted", statement.executeUpdate("DELETE FROM jdbc"));
            fails(() -> statement.execute("INSERT INTO jdbc VALUES (1, 'a'), (1, 'b')"));
            fails(() -> statement.execute("SELECT 1"));
            link.rollback();
            try {
                batch(link, 95, 10);
            } catch (BatchUpdateException error) {
                told("batch refused", error.getSQLState(), error.getUpdateCounts().length);
            }
            link.rollback();
            link.setAutoCommit(true);
            var keys = link.prepareStatement("INSERT INTO jdbc VALUES (200, 'new')", Statement.RETURN_GENERATED_KEYS);
            keys.executeUpdate();
            keys.getGeneratedKeys().next();
            told("rows", count(link));
        }
    }

    static void batch(Connection link, int from, int length) throws SQLException {
        try (PreparedStatement insert = link.prepareStatement("INSERT INTO jdbc VALUES (?, ?)")) {
            for (int n = from; n < from + length; n++) {
                insert.setInt(1, n);
                insert.setString(2, "row " + n);
                insert.addBatch();
            }
            told("batch", Arrays.stream(insert.executeBatch()).sum());
        }
    }

    static long count(Connection link) throws SQLException {
        ResultSet rows = link.createStatement().executeQuery("SELECT count(*) FROM jdbc");
        rows.next();
        return rows.getLong(1);
    }

    static void signals(Connection link) throws Exception {
        CopyManager copies = link.unwrap(PGConnection.class).getCopyAPI();
        var lines = new StringBuilder();
        for (int n = 1000; n < 3000; n++) {
            lines.append(n).append("\tline ").append(n).append('\n');
        }
        told("copy in", copies.copyIn("COPY jdbc FROM STDIN", new java.io.StringReader(lines.toString())));
        var out = new java.io.StringWriter();
        told("copy out", copies.copyOut("COPY (SELECT * FROM jdbc ORDER BY id) TO STDOUT", out), out.toString().hashCode());
        try (var statement = link.createStatement()) {
            var timer = new Timer(true);
            timer.schedule(new TimerTask() {
                public void run() {
                    try {
                        statement.cancel();
                    } catch (SQLException error) {
                        told("cannot cancel", error.getMessage());
                    }
                }
            }, 500);
            fails(() -> statement.execute("SELECT pg_sleep(60)"));
            statement.execute("LISTEN news");
            statement.execute("NOTIFY news, 'one'");
            told("heard", link.unwrap(PGConnection.class).getNotifications(10_000)[0].getParameter());
            statement.execute("DROP TABLE jdbc");
        }
    }

    public static void main(String[] args) throws Exception {
        try (Connection link = connect()) {
            queries(link);
            transactions(link);
            var columns = link.getMetaData().getColumns(null, null, "jdbc", null);
            while (columns.next()) {
                told("column", columns.getString("COLUMN_NAME"), columns.getString("TYPE_NAME"));
            }
            signals(link);
        }
    }
}
